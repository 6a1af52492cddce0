# The image, in layers of store paths: the same wheels, project folder and variables as the
# Dockerfile's, on another base. `nix build .#image && ./result | docker load`.
{
  lib,
  stdenv,
  dockerTools,
  repro,
}:
let
  environment = builtins.fromJSON (builtins.readFile ./environment.json);
  variables =
    environment.strict
    // environment.${stdenv.hostPlatform.system}
    // {
      PATH = "${repro}/bin";
      PYTHONDONTWRITEBYTECODE = "1";
      LANG = "C.UTF-8";
      LC_ALL = "C.UTF-8";
      TZ = "UTC";
      HOME = "/tmp";
      REPRO_LOCK_DIGEST = "sha256:${builtins.hashFile "sha256" ../requirements.txt}";
    };
  project = import ./source.nix [
<% for part in parts %>
    "<{ part }>"
<% endfor %>
  ];
in
dockerTools.streamLayeredImage {
  name = "<{ name }>";
  tag = repro.version;
  created = "2026-01-01T00:00:00Z";
  extraCommands = ''
    cp -r ${project} project
    chmod u+w project
    mkdir -m 1777 project/runs tmp
  '';
  config = {
    Entrypoint = [ "${repro}/bin/repro" ];
    Env = lib.mapAttrsToList (name: value: "${name}=${value}") variables;
    User = "10001:10001";
    Volumes."/project/runs" = { };
    WorkingDir = "/project";
  };
}
