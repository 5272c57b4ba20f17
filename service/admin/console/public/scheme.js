// Before the first paint: the colours that were chosen, so that a dark page does not flash white.
(function () {
    var kept = null;
    try { kept = window.localStorage.getItem('bursar-scheme'); } catch (e) { /* storage is off: the system decides */ }
    var dark = window.matchMedia('(prefers-color-scheme: dark)').matches;
    var scheme = kept === 'light' || kept === 'dark' ? kept : dark ? 'dark' : 'light';
    document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
