# What ./run and ./test share: the system, the packages, the build. Sourced, from the project's root.

source scripts/steps.sh

version=$(sed -n 's/^project(cairn VERSION \([0-9]*\.[0-9]*\).*/\1/p' CMakeLists.txt)

# Measured on a machine with 2 cores: seconds of compiling per source file and core, and the
# megabytes that the packages and a build folder take.
seconds_per_source=4
build_packages_mb=900
test_packages_mb=300
build_folder_mb=400

# Packages of the given sections of packages.txt.
packages_of() {
  awk -v wanted=" $* " '/^\[/ { section = substr($0, 2, length($0) - 2); next }
                        /^[a-z0-9]/ && index(wanted, " " section " ") { print $1 }' packages.txt
}

missing_packages() {
  local wanted
  mapfile -t wanted < <(packages_of "$@")
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
      sed -n 's/^installed //p' | sort)
}

list_packages() {
  local section name missing
  missing=" $(missing_packages build run test bench | tr '\n' ' ') "
  for section in build run test bench; do
    echo "[$section]"
    for name in $(packages_of "$section"); do
      [[ "$missing" == *" $name "* ]] && echo "  $name   (not installed)" || echo "  $name"
    done
  done
}

require_debian_12() {
  local ID='' VERSION_ID='' PRETTY_NAME='another system'
  [[ -r /etc/os-release ]] && source /etc/os-release
  [[ "$ID" == debian && "$VERSION_ID" == 12 ]] && return
  say "Cairn builds on Debian 12 and this is $PRETTY_NAME; with a container it runs here too: docker build -t cairn -f deploy/Containerfile . (docs/operate.md)"
  exit 1
}

# Asks once where a person can answer; as root, in CI and without a terminal nobody is asked.
may_install() {
  local count=$1 answer
  [[ $EUID -eq 0 || -n "${CI:-}" || ! -t 0 || ! -t 2 ]] && return
  printf 'Needs %d Debian package%s (see them: ./run packages). Install with sudo? [Y/n] ' \
    "$count" "$( ((count == 1)) || echo s)" >&2
  read -r answer
  if [[ -n "$answer" && ! "$answer" =~ ^[Yy] ]]; then
    say "Nothing was installed. As root: apt-get install $(missing_packages "${sections[@]}" | tr '\n' ' ')"
    exit 1
  fi
  sudo -v   # The password, before output goes to the log.
}

install_packages() {
  if [[ $EUID -eq 0 ]]; then
    scripts/install-packages "$@"
  elif ! sudo -n true 2>/dev/null; then
    echo "sudo asks for a password and nobody is there to type it. As root: apt-get install $*"
    return 1
  else
    sudo -n scripts/install-packages "$@"
  fi
}

# A number that changes when a file that the program is built from does: names, sizes, times.
source_stamp() {
  find src cmake web CMakeLists.txt CMakePresets.json packages.txt \
    -type d \( -name node_modules -o -path web/build -o -name .svelte-kit \) -prune -o \
    -type f -printf '%p %s %T@\n' 2>/dev/null | sort | sha256sum | cut -d ' ' -f 1
}

# build PRESET TARGET...: configure once, then ninja decides what there is to do.
build() {
  local preset=$1
  shift
  export NINJA_STATUS='[%f/%t] '
  [[ -f "build/$preset/build.ninja" ]] || cmake --preset "$preset"
  cmake --build --preset "$preset" --target "$@"
}

# announce_first_run MISSING SECTION...: what is about to happen, before it does.
announce_first_run() {
  local missing=$1 wanted packages_mb sources minutes mb
  local compiled=(-name '*.cpp')
  shift
  wanted=$(packages_of "$@" | wc -l)
  packages_mb=$((build_packages_mb + (with_tests ? test_packages_mb : 0)))
  ((with_tests)) || compiled+=(! -name '*_test.cpp' ! -name '*_fuzz.cpp')
  sources=$(find src "${compiled[@]}" | wc -l)
  minutes=$(((sources * seconds_per_source / $(nproc) + (missing > 0 ? 60 : 0)) / 60 + 1))
  mb=$((build_folder_mb + packages_mb * missing / wanted))
  say "Cairn $version · first run: about $minutes minutes, $((mb / 1000)).$((mb % 1000 / 100)) GB. Later starts take a second."
}

# Only one ./run or ./test builds at a time.
lock_build() {
  mkdir -p build
  exec 9> build/.lock
  flock -n 9 || { say "Another ./run or ./test is building; waiting for it."; flock 9; }
}

unlock_build() { exec 9>&-; }

# set_up PRESET TARGET SECTION...: packages and program; silent and quick when nothing changed.
# Leaves set_up_did=1 when it did something.
set_up() {
  local preset=$1 target=$2 stamp_file missing stamp with_tests=0
  shift 2
  sections=("$@")
  set_up_did=
  [[ " $* " == *" test "* ]] && with_tests=1
  require_debian_12
  stamp_file="build/$preset/.stamp-$target"
  mapfile -t missing < <(missing_packages "$@")
  stamp=$(source_stamp)
  # What was built whole ("all") has every target.
  if [[ ${#missing[@]} -eq 0 ]] &&
    cat "$stamp_file" "build/$preset/.stamp-all" 2>/dev/null | grep -qx "$stamp"; then return; fi

  set_up_did=1
  lock_build
  trap on_interrupt INT TERM
  : > "$log"
  step_total=$((3 + ${extra_steps:-0}))
  [[ -f "$stamp_file" ]] || announce_first_run "${#missing[@]}" "$@"
  if [[ ${#missing[@]} -gt 0 ]]; then
    may_install "${#missing[@]}"
    step "Debian packages" install_packages "${missing[@]}"
  else
    step "Debian packages" true
  fi
  step "Web" scripts/build-web
  step "${step_name:-Server}" build "$preset" "$target"
  echo "$stamp" > "$stamp_file"
  unlock_build
  trap - INT TERM
}

python=tests/.venv/bin/python
# Python for tests and measurements: the lock file's packages, exactly; made anew when the lock file changes.
install_python() {
  local wanted stamp=tests/.venv/.stamp
  wanted=$(sha256sum < tests/requirements.lock)
  [[ -x "$python" && "$(cat "$stamp" 2>/dev/null)" == "$wanted" ]] && return
  # Debian's own Python, whatever else lies on the PATH; it is what python3-venv belongs to.
  /usr/bin/python3 -m venv --clear tests/.venv &&
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes \
      -r tests/requirements.lock &&
    echo "$wanted" > "$stamp"
}

python_ready() {
  [[ "$(cat tests/.venv/.stamp 2>/dev/null)" == "$(sha256sum < tests/requirements.lock)" ]] && return
  mkdir -p build
  : >> "$log"
  step_number=0 step_total=1
  step "Python packages" install_python
}
