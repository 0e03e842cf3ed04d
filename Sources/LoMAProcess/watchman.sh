# shellcheck shell=sh disable=SC2034 # `folder` is read by eval.
trap '' INT TERM HUP PIPE
live=
made=
without() { left=; for one in $1; do [ "$one" = "$2" ] || left="$left $one"; done; }
while read -r word id folder; do
  case $word in
  make) made="$made $id"; eval "folder_$id=\$folder" ;;
  gone) without "$made" "$id"; made=$left ;;
  run) live="$live $id" ;;
  end) without "$live" "$id"; live=$left ;;
  esac
done
for id in $live; do kill -KILL "-$id" 2>/dev/null; done
for id in $made; do eval "rm -rf -- \"\$folder_$id\""; done
