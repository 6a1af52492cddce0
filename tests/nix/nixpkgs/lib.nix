rec {
  inherit (builtins)
    elem
    elemAt
    filter
    head
    ;
  genAttrs =
    names: value:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = value name;
      }) names
    );
  optionals = condition: list: if condition then list else [ ];
  optionalAttrs = condition: set: if condition then set else { };
  mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
  makeLibraryPath = packages: builtins.concatStringsSep ":" (map (package: "${package}/lib") packages);
  licenses.mit.spdxId = "MIT";
  sourceTypes.binaryNativeCode.shortName = "binaryNativeCode";
}
