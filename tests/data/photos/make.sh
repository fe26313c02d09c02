#!/usr/bin/env bash
# Makes the photos in this folder (except cat.jpg) from the composite persons. Needs
# ImageMagick and Python's Pillow.
set -euo pipefail
cd "$(dirname "$0")"
person=../persons/wide-set-eyes.jpg
other=../persons/large-eyes.jpg

convert $person -resize 240x240 -colorspace CMYK -quality 85 cmyk.jpg
convert $person -resize 240x240 -colorspace Gray -quality 85 grey.jpg
convert $person -resize 240x240 -interlace JPEG -quality 85 progressive.jpg
convert $person -resize 240x240 -rotate 90 -quality 85 sideways.jpg
convert $person -resize 240x240 -quality 80 photo.webp
convert $person -resize 200x200 -define png:bit-depth=16 -define png:color-type=2 sixteen-bit.png
convert $person -resize 200x200 -alpha set -background none -vignette 0x6 -colors 128 png32:alpha.png
convert \( $person -resize 320x320 \) \
    \( $other -resize 220x220 -gravity center -background '#6a6058' -extent 220x320 \) \
    +append -quality 85 two-faces.jpg
python3 - <<'PYTHON'
from PIL import Image

frame = Image.open("../persons/wide-set-eyes.jpg").resize((96, 96))
mirrored = frame.transpose(Image.FLIP_LEFT_RIGHT)
frame.save("animated.webp", save_all=True, append_images=[mirrored], duration=200)
frame.quantize(32).save("animated.png", save_all=True, append_images=[mirrored.quantize(32)], duration=200)
PYTHON
