# Shared by the installer's scripts: words on the terminal and facts about this machine.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# The mirror that apt takes Debian itself from (not security, not a third party).
debian_mirror() {
    local found
    found=$(awk '
        FNR == 1 { uri = "" }
        /^deb[ \t]/ && /bookworm/ && !/security/ { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }
        /^URIs:/ { uri = $2 }
        /^Suites:/ && /bookworm/ && !/security/ && uri != "" { print uri; exit }
    ' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null)
    [ -n "$found" ] && echo "$found"
}
