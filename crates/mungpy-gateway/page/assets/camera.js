// Takes a photo with the camera of the device, in a dialog.

import { el, icon } from "./dom.js";
import { photoOf } from "./photos.js";
import { w } from "./words.js";

/** Resolves to a photo, or to null if the person closes the dialog; rejects without a camera. */
export async function shoot() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } }, audio: false });
  const video = el("video", { autoplay: true, playsinline: true, muted: true });
  video.muted = true;
  video.srcObject = stream;
  try {
    return await new Promise((resolve, reject) => {
      const dialog = el("dialog", { class: "sheet camera", "aria-labelledby": "h-camera" },
        el("h2", { id: "h-camera" }, w().cameraHead),
        el("div", { class: "finder" }, video, el("span", { class: "oval", "aria-hidden": "true" })),
        el("p", { class: "small" }, w().cameraHint),
        el("div", { class: "actions" },
          el("button", { class: "button primary", type: "button", onclick: () => {
            if (!video.videoWidth) return;
            photoOf(video).then((photo) => { resolve(photo); dialog.close(); }, reject);
          } }, icon("camera"), w().cameraShoot),
          el("button", { class: "button", type: "button", onclick: () => dialog.close() }, w().close)));
      dialog.addEventListener("close", () => { dialog.remove(); resolve(null); });
      document.body.append(dialog);
      dialog.showModal();
    });
  } finally {
    stream.getTracks().forEach((track) => track.stop());
  }
}
