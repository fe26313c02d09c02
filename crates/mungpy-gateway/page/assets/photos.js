// Takes files in: upright, at most 1,280 px, as JPEG without metadata.

import { Problem } from "./api.js";

const LONGEST = 1280;
const QUALITY = 0.9;

/** How many photos of a person are taken. */
export const MOST_PHOTOS = 3;

const isHeic = (file) => /hei[cf]/i.test(file.type) || /\.hei[cf]$/i.test(file.name);

/** Decodes a file as it would be shown. Browsers turn it upright by its EXIF data. */
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return await decodedByElement(file);
  }
}

/** Some browsers read formats (HEIC in Safari) in elements only. */
async function decodedByElement(file) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Draws a picture or video frame on a canvas of at most 1,280 px and encodes that. */
export async function photoOf(picture) {
  const [width, height] = [
    picture.videoWidth || picture.naturalWidth || picture.width,
    picture.videoHeight || picture.naturalHeight || picture.height,
  ];
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const ink = canvas.getContext("2d");
  ink.imageSmoothingQuality = "high";
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Problem("PHOTO_CORRUPT");
  return { blob, canvas, url: URL.createObjectURL(blob), width: canvas.width, height: canvas.height, status: "checking" };
}

/** A photo of a file. Problems: HEIC_UNREADABLE, NOT_A_PHOTO, PHOTO_UNREADABLE_HERE. */
export async function photoOfFile(file) {
  if (!file.type.startsWith("image/") && file.type !== "" && !isHeic(file)) throw new Problem("NOT_A_PHOTO");
  let picture;
  try {
    picture = await decoded(file);
  } catch {
    throw new Problem(isHeic(file) ? "HEIC_UNREADABLE" : "PHOTO_UNREADABLE_HERE");
  }
  const photo = await photoOf(picture);
  picture.close?.();
  return photo;
}

/** Forgets a photo. */
export function release(photo) {
  URL.revokeObjectURL(photo.url);
  photo.canvas.width = photo.canvas.height = 0;
}
