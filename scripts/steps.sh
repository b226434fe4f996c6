# Numbered steps with elapsed time; sourced by setup.sh. All output goes to build/setup.log, and
# its last lines to the screen when a step fails. Everything here prints on stderr: stdout belongs
# to the program that ./run passes on to.

log=build/setup.log
step_number=0
step_total=0
step_child=

[[ -t 2 ]] && on_screen=1 || on_screen=
[[ -n "$on_screen" && -z "${NO_COLOR:-}" ]] && tick=$'\e[32m✓\e[0m' cross=$'\e[31m✗\e[0m' ||
  { tick=✓; cross=✗; }

say() { printf '%s\n' "$*" >&2; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# The newest "[done/total]" that ninja wrote since byte $1 of the log, as "done total".
ninja_progress() {
  tail -c +"$1" "$log" 2>/dev/null | grep -ao '^\[[0-9]*/[0-9]*\]' | tail -n 1 | tr -d '[]' | tr / ' '
}

# One line about the running step: $1 name, $2 elapsed seconds, $3 where its log begins.
progress_line() {
  local done_count='' total='' counter='' left=''
  read -r done_count total < <(ninja_progress "$3") || true
  if [[ -n "$total" && "$done_count" -gt 0 ]]; then
    counter="[$done_count/$total]"
    # The first few files say little about the rest.
    ((done_count * 20 > total)) && left=", $(minutes_left $(($2 * (total - done_count) / done_count)))"
  fi
  printf '  %d/%d  %-20s %-12s %5s%s     log: %s' "$step_number" "$step_total" "$1" "$counter" \
    "$(clock "$2")" "$left" "$log"
}

minutes_left() {
  (($1 < 60)) && echo 'less than a minute left' || echo "about $((($1 + 30) / 60)) min left"
}

# step NAME COMMAND...: runs it and waits; stops the whole script when it fails.
step() {
  local name=$1 started=$SECONDS shown=$SECONDS from status=0
  shift
  step_number=$((step_number + 1))
  from=$(($(stat -c %s "$log") + 1))
  printf '\n== %s ==\n' "$name" >> "$log"
  set -m   # A process group of its own, so that all of it can be stopped together.
  "$@" >> "$log" 2>&1 < /dev/null &
  step_child=$!
  set +m
  while kill -0 "$step_child" 2>/dev/null; do
    if [[ -n "$on_screen" ]]; then
      printf '\r\e[K%s' "$(progress_line "$name" $((SECONDS - started)) "$from")" >&2
    elif ((SECONDS - shown >= 60)); then
      shown=$SECONDS
      say "$(progress_line "$name" $((SECONDS - started)) "$from")"
    fi
    sleep 0.2
  done
  wait "$step_child" || status=$?
  step_child=
  [[ -n "$on_screen" ]] && printf '\r\e[K' >&2
  if ((status != 0)); then
    step_failed "$name" "$from" "$((SECONDS - started))"
    exit 1
  fi
  step_done "$name" $((SECONDS - started)) "${step_note:-}"
}

step_done() {
  printf '  %d/%d  %-20s %s  %s   %s\n' "$step_number" "$step_total" "$1" "$tick" "$(clock "$2")" \
    "${3:-}" >&2
}

step_failed() {
  printf '  %d/%d  %-20s %s  %s\n\n' "$step_number" "$step_total" "$1" "$cross" "$(clock "$3")" >&2
  tail -c +"$2" "$log" | tail -n 20 >&2
  say ""
  say "\"$1\" failed; its last 20 lines are above, all of it is in $log. The same command continues from here."
}

on_interrupt() {
  [[ -z "$step_child" ]] || { kill -TERM -- "-$step_child" && wait "$step_child"; } 2>/dev/null || true
  say ""
  say "Stopped. The same command continues where it was."
  exit 130
}
