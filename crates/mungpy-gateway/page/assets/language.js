// Runs before the first paint, so that the page never shows the wrong language, and fetches its words early.
(function () {
  var chosen = null;
  try { chosen = sessionStorage.getItem("language"); } catch (_) { /* storage may be off */ }
  var language = /^ko\b/i.test(chosen || navigator.language || "ko") ? "ko" : "en";
  document.documentElement.lang = language;
  var words = document.createElement("link");
  words.rel = "modulepreload";
  words.href = document.currentScript.src.replace("language.js", "words." + language + ".js");
  document.head.append(words);
})();
