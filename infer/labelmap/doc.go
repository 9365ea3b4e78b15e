// Package labelmap merges and ignores classes before anything is counted:
// synonyms become one label, the breeds of a dog a dog, a background class
// nothing at all.
//
// A [Map] is a file that says which classes belong together, by number, name
// or WordNet id. [Map.Bind] brings it together with a model's list of
// classes, and [Wrap] makes of a classifier one that answers in groups: so
// whatever stands behind it (measures, tables, alerts) needs to know nothing
// of maps. Where the list of classes isn't known beforehand, [Map.Find] asks
// for one class after the other.
//
// The score of a group is the largest of its members' scores, as Shankar et
// al. ("Do Image Classifiers Generalize Across Time?", ICCV 2021) evaluate
// ImageNet classifiers on the classes of ImageNet-Vid; or their sum.
package labelmap
