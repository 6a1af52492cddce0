# What stdenv does around the phases that a package defines.
runHook() { :; }
cp -r "$src" source
chmod -R u+w source
cd source
eval "$installPhase"
eval "$installCheckPhase"
