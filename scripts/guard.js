// Checks the version of Node before anything newer than ES5 is parsed. Plain globals only, so that an
// old Node can read it whether it takes this file for a script or for a module.
(function () {
  var wanted = [22, 18];
  var found = process.version.slice(1).split(".").map(Number);
  var old = found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1]);
  if (!old) return;
  console.error(
    "expunge needs Node " +
      wanted.join(".") +
      " or newer; this is " +
      process.version +
      ".\n" +
      "On Linux and Windows `npm ci` brings Node 24 into node_modules/.bin, and the npm scripts use it:\n" +
      "run `npm ci` first, without --omit=optional, then `npm start` or `npm run -s expunge -- ARGS`.\n" +
      "Elsewhere install Node 24 from https://nodejs.org and try again.",
  );
  process.exit(2);
})();
