# Shared by the installer's scripts: words on the terminal and facts about this machine.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# debian_mirror [RELEASE]: the mirror that apt takes that release itself from (not security, not a third party); default bookworm. Asked of apt,
# which knows every form of its own sources and what each of them says it is; it knows the latter once `apt-get update` has run.
debian_mirror() {
    local found
    found=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F'|' -v release="${1:-bookworm}" '$1 == "Debian" && $2 == "Debian" && $3 == release && $4 == "main" && $5 !~ /^cdrom:/ && !found { found = $5 }
            END { sub(/\/+$/, "", found); print found }')
    [ -n "$found" ] && echo "$found"
}

# Whether apt takes packages from Debian 12's backports.
has_backports() {
    apt-get indextargets --format '$(ORIGIN)|$(CODENAME)' 'Created-By: Packages' |
        awk -F'|' '$1 ~ /^Debian/ && $2 == "bookworm-backports" { found = 1 } END { exit !found }'
}
