# What every script of the dump lab shares; sourced, never run.
# Knows where the cache is, which kernel belongs to which suite, and how to
# reach other suites of the Debian mirror that this machine already uses.
# shellcheck shell=bash disable=SC2034 # the scripts that source it read these

cache=${XDG_CACHE_HOME:-$HOME/.cache}/postmortem
kernels=$cache/kernels
dumps=$cache/dumps
peers=$cache/peers
exit_unreachable=77 # the usual "skipped": this suite cannot be had here
program=${0##*/}

say() { printf '%s: %s\n' "$program" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# die_unreachable MESSAGE: for whatever the network did not give us
die_unreachable() {
    say "$*"
    exit "$exit_unreachable"
}

usage() {
    printf 'usage: %s %s\n' "$program" "$*" >&2
    exit 2
}

require() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || die "$tool is missing; run install-packages first"
    done
}

# kernel_series SUITE: a regular expression for the kernel versions we want
# from it (bullseye, for one, carries 6.1 as well as its own 5.10).
kernel_series() {
    case $1 in
    bullseye | arm64-bullseye) echo '5\.10\.' ;;
    bookworm) echo '6\.1\.' ;;
    trixie) echo '6\.12\.' ;;
    sid | arm64-sid | arm64-sid-16k) echo '[0-9]+\.' ;;
    i386-686 | i386-686-pae | arm64-bookworm | s390x-bookworm | ppc64el-bookworm) echo '6\.1\.' ;;
    arm64-trixie | arm64-trixie-16k | riscv64-trixie | s390x-trixie | ppc64el-trixie | ppc64el-trixie-64k | arm64-own-*) echo '6\.12\.' ;;
    *) die "unknown suite $1; there are bullseye, bookworm, trixie, sid, i386-686, i386-686-pae," \
        "arm64-bullseye, arm64-bookworm, arm64-trixie[-16k], arm64-sid[-16k], riscv64-trixie, s390x-bookworm, s390x-trixie," \
        "ppc64el-bookworm, ppc64el-trixie, ppc64el-trixie-64k and arm64-own-PAGES-vaBITS" ;;
    esac
}

# Of bookworm there are 32-bit kernels, too: i386-FLAVOUR. Of arm64 there is arm64-SUITE with pages of
# 4 KiB, and arm64-trixie-16k and arm64-sid-16k, and those that build-kernel makes, arm64-own-*; of riscv64 riscv64-trixie; of s390x s390x-SUITE; of ppc64el
# ppc64el-SUITE, and ppc64el-trixie-64k with pages of 64 KiB (bookworm's only kernel has those).
# machine_of SUITE: as QEMU calls it
machine_of() { case $1 in i386-*) echo i386 ;; arm64-*) echo aarch64 ;; riscv64-*) echo riscv64 ;; s390x-*) echo s390x ;; ppc64el-*) echo ppc64 ;; *) echo x86_64 ;; esac; }
# debian_of SUITE: Debian's name of the machine
debian_of() { case $1 in i386-*) echo i386 ;; arm64-*) echo arm64 ;; riscv64-*) echo riscv64 ;; s390x-*) echo s390x ;; ppc64el-*) echo ppc64el ;; *) echo amd64 ;; esac; }
# release_of SUITE: of Debian
release_of() {
    case $1 in
    i386-*) echo bookworm ;;
    arm64-* | riscv64-* | s390x-* | ppc64el-*) echo "$1" | cut -d- -f2 ;;
    *) echo "$1" ;;
    esac
}
# flavour_of SUITE: the end of the name of its kernels
flavour_of() {
    case $1 in
    i386-*) echo "${1#i386-}" ;;
    arm64-*-16k) echo arm64-16k ;;
    arm64-*) echo cloud-arm64 ;;
    riscv64-*) echo riscv64 ;;
    s390x-*) echo s390x ;;
    ppc64el-*-64k) echo powerpc64le-64k ;;
    ppc64el-*) echo powerpc64le ;;
    *) echo cloud-amd64 ;;
    esac
}

# page_size_of SUITE: bytes
page_size_of() { case $1 in *-64k* | ppc64el-bookworm) echo 65536 ;; *-16k*) echo 16384 ;; *) echo 4096 ;; esac; }

# find_program ROOT NAME: where it lies in a system that may be another's
find_program() {
    local folder
    for folder in bin sbin usr/bin usr/sbin; do
        [ -x "$1$folder/$2" ] || continue
        echo "$1$folder/$2"
        return
    done
    die "$2 is missing in $1"
}

# libraries_of ROOT PROGRAM: what it is linked with, as paths below ROOT
libraries_of() {
    if [ "$1" = / ]; then
        ldd "$2" | grep -o '/[^ ]*'
    else
        (cd "$1" && find lib usr/lib -name '*.so*' | sed 's#^#/#')
    fi
}

# apt_entries: one line "URI SUITE SIGNED-BY" for every binary source of this
# machine, from sources.list and from deb822 files alike.
apt_entries() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -r "$file" ] || continue
        awk '$1 == "deb" {
            key = "-"; i = 2
            if ($2 ~ /^\[/) {
                for (;; i++) {
                    option = $i
                    gsub(/[][]/, "", option)
                    if (sub(/^signed-by=/, "", option)) key = option
                    if ($i ~ /\]$/ || i >= NF) break
                }
                i++
            }
            print $i, $(i + 1), key
        }' "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -r "$file" ] || continue
        awk '
            function flush(    u, s, nu, ns, us, ss) {
                if (types ~ /(^| )deb( |$)/ && enabled != "no") {
                    nu = split(uris, us, " "); ns = split(suites, ss, " ")
                    for (u = 1; u <= nu; u++) for (s = 1; s <= ns; s++)
                        print us[u], ss[s], (key ~ /^\// ? key : "-")
                }
                types = uris = suites = key = enabled = ""
            }
            /^[[:space:]]*$/ { flush(); next }
            /^#/ { next }
            { field = tolower($1); value = $0; sub(/^[^:]*:[[:space:]]*/, "", value) }
            field == "types:" { types = value }
            field == "uris:" { uris = value }
            field == "suites:" { suites = value }
            field == "signed-by:" { key = value }
            field == "enabled:" { enabled = tolower(value) }
            END { flush() }' "$file"
    done
}

# archive_uri main|security: the URI (and the key) under which this machine
# finds its own release, or nothing.
archive_uri() {
    local own
    # shellcheck source=/dev/null
    own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$own" ] || die "this machine does not say which Debian it is"
    case $1 in
    main) apt_entries | awk -v suite="$own" '$2 == suite { print $1, $3; exit }' ;;
    security) apt_entries | awk -v suite="$own-security" \
        '$2 == suite { print $1, $3; exit } $2 ~ suite "/updates" { print $1, $3; exit }' ;;
    esac
}

# use_suite SUITE: makes the apt tools of this process look at SUITE (and its
# security updates) alone, with state of their own in the cache, so that the
# machine's own package lists stay as they are. Fails when the suite is
# out of reach. A list younger than a day is used again.
use_suite() {
    local suite dir uri key where debian
    suite=$(release_of "$1") debian=$(debian_of "$1")
    dir=$cache/apt/$suite
    [ "$debian" = amd64 ] || dir+=-$debian
    mkdir -p "$dir/lists/partial" "$dir/archives/partial"
    : >"$dir/sources.list.new"
    for where in main security; do
        # Unstable has no security archive of its own.
        if [ "$where" = security ] && [ "$suite" = sid ]; then continue; fi
        uri='' key=-
        read -r uri key < <(archive_uri "$where") || true
        [ -n "$uri" ] || continue
        printf 'deb%s %s %s main\n' "$([ "$key" = - ] || printf ' [signed-by=%s]' "$key")" \
            "$uri" "$suite$([ "$where" = main ] || echo -security)" >>"$dir/sources.list.new"
    done
    [ -s "$dir/sources.list.new" ] || return 1
    cat >"$dir/apt.conf" <<CONF
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$dir/lists";
Dir::State::status "/dev/null";
Dir::Cache "$dir";
APT::Sandbox::User "root";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
    [ "$debian" = amd64 ] ||
        echo "APT::Architecture \"$debian\"; APT::Architectures { \"$debian\"; };" >>"$dir/apt.conf"
    export APT_CONFIG=$dir/apt.conf
    if ! cmp -s "$dir/sources.asked" "$dir/sources.list.new" ||
        [ -z "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ]; then
        cp "$dir/sources.list.new" "$dir/sources.asked"
        mv "$dir/sources.list.new" "$dir/sources.list"
        rm -f "$dir/updated"
        if ! apt-get -q -o APT::Update::Error-Mode=any update >"$dir/update.log" 2>&1; then
            # A mirror of the security archive may be out of step with itself; the release has a kernel, too.
            say "$1: its security archive cannot be read: going on without"
            sed -i '/-security main$/d' "$dir/sources.list"
            apt-get -q -o APT::Update::Error-Mode=any update >"$dir/update.log" 2>&1 || {
                cat "$dir/update.log" >&2
                return 1
            }
        fi
        touch "$dir/updated"
    fi
    rm -f "$dir/sources.list.new"
}

# A suite's kernel release as fetch-kernel left it.
kernel_release() { cat "$kernels/$1/release"; }

# peer_install PACKAGE...: more packages for the Debian sid of fetch-peers
peer_install() {
    local root=$peers/sid
    # A mirror that is frozen in time is told about in apt's own settings.
    apt-config dump Acquire | grep -E '^Acquire::(Check-|http|https)' >"$root/etc/apt/apt.conf.d/90machine" || true
    chroot "$root" /bin/bash -euc 'export DEBIAN_FRONTEND=noninteractive
        apt-get -q update
        apt-get -q install -y --no-install-recommends "$@"
        apt-get clean' bash "$@" >"$peers/install.log" 2>&1 ||
        die_unreachable "sid: $* could not be installed; see $peers/install.log"
}
