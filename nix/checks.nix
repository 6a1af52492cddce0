# What `nix flake check` builds: the lock agrees with what is installed, and a training reproduces.
{ repro, runCommand }:
let
  project = import ./source.nix [
    "configs"
    "data"
    "nix"
    "requirements-build.txt"
    "requirements-dev.txt"
    "requirements-exchange.txt"
    "requirements-oldest.txt"
    "requirements-scripts.txt"
    "requirements.txt"
    "sbom.json"
    "tools"
  ];
in
{
  lock = runCommand "repro-check-lock" { } ''
    cd ${project}
    ${repro}/bin/python -m tools.lock --check
    touch $out
  '';

  verify = runCommand "repro-check-verify" { } ''
    cp -r ${project} project
    chmod -R u+w project
    cd project
    export HOME=$TMPDIR
    ${repro}/bin/repro train --quiet --profile debug
    ${repro}/bin/repro verify --quiet
    mkdir $out
    cp -r runs $out
  '';
}
