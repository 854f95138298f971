# Third-party packages for the tests, at the versions of the committed locks and only where they are missing.

# npm_packages DIRECTORY: its node_modules, as its package-lock.json has it.
npm_packages() {
  local lock=$1/package-lock.json stamp=$1/node_modules/.installed
  cmp -s "$lock" "$stamp" && return
  echo "installing the npm packages of $(basename "$1")"
  # No package may run a script of its own. `error` hides that some say they want a newer Node; they run.
  npm --prefix "$1" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  cp "$lock" "$stamp"
}

# python_packages DIRECTORY: its .venv, as its requirements.txt has it.
python_packages() {
  local wanted=$1/requirements.txt stamp=$1/.venv/.installed
  cmp -s "$wanted" "$stamp" && return
  echo "installing the Python packages"
  python3 -m venv "$1/.venv"
  "$1/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$stamp"
}

# debian_package PROGRAM: the package of that name. What it would start as a service is not started.
debian_package() {
  command -v "$1" >/dev/null && return
  echo "installing $1"
  local may=; [ "$(id -u)" = 0 ] || may=sudo
  $may apt-get -qq update
  $may env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq install --no-install-recommends -y "$1" >/dev/null
}
