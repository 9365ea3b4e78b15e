# Makes cmyk.jpg: 16×16 pixels in four inks, as printers' software writes them:
# the left half is magenta and yellow ink (red), the right half cyan (cyan).
# usage: python3 cmyk.py   (needs Pillow)
from PIL import Image

img = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
img.paste((0, 255, 255, 0), (0, 0, 8, 16))
img.save("cmyk.jpg", quality=95, subsampling=0)
