package infer

import "strconv"

func labelNumber(i int32) string {
	if i < 0 {
		return "none"
	}
	return "class " + strconv.Itoa(int(i))
}
