# Named parts of the project, so that nothing is built again when another part has changed.
parts:
builtins.path {
  name = "repro-source";
  path = ../.;
  filter =
    path: _:
    let
      root = toString ../. + "/";
      inside = builtins.substring (builtins.stringLength root) (-1) path;
      top = builtins.head (builtins.split "/" inside);
    in
    builtins.elem top parts && baseNameOf path != "__pycache__";
}
