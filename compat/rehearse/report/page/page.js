"use strict";
(function () {
  var box = document.getElementById("q"), count = document.getElementById("found");
  var mails = Array.prototype.slice.call(document.querySelectorAll("details.mail"));
  function show() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), n = 0;
    mails.forEach(function (m) {
      var text = m.dataset.text;
      var hit = words.every(function (w) { return text.indexOf(w) >= 0; });
      m.hidden = !hit;
      if (hit) { n++; }
    });
    count.textContent = n + " of " + mails.length + " mails shown";
  }
  function seek(text) {
    box.value = text;
    show();
    document.getElementById("mails").scrollIntoView();
  }
  box.addEventListener("input", show);
  document.querySelectorAll("button.cell").forEach(function (b) {
    b.addEventListener("click", function () { seek(b.dataset.find); });
  });
  if (location.hash.length > 1) { box.value = decodeURIComponent(location.hash.slice(1)); }
  show();
})();
