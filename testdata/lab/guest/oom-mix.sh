# Sourced by init, for the scenarios whose OOM killer is stopped as soon as it
# has chosen (module/labpick.c): `mounts`, `before` the witness looks, `after`.
# shellcheck shell=ash disable=SC2034,SC2154 # $scenario comes from init
mix_top=/sys/fs/cgroup
mix_seed="$scenario $(uname -r)"
mix_groups='' mix_eater='' mix_size=300

mix_mounts() {
    case $scenario in
    oom-v1*)
        mix_top=/cgroup/memory
        mkdir -p $mix_top
        mount -t cgroup -o memory memory $mix_top
        ;;
    esac
}

# limit GROUP MEGABYTES, in the words of either version
mix_limit() {
    mkdir -p "$mix_top/$1"
    if [ -e $mix_top/memory.limit_in_bytes ]; then
        echo 1 >"$mix_top/$1/memory.use_hierarchy"
        echo "${2}M" >"$mix_top/$1/memory.limit_in_bytes"
    else
        echo "${2}M" >"$mix_top/$1/memory.max"
        echo +memory >"$mix_top/$1/cgroup.subtree_control"
    fi
}

mix_hold() {
    # shellcheck disable=SC2086 # a list
    /lab/oom-mix hold "$mix_seed" /run/mix.ready $mix_size $mix_groups &
    while [ ! -e /run/mix.ready ]; do usleep 100000; done
}

mix_before() {
    local process group pod
    # This one of the people would be chosen always.
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm")" = oom-500 ] && echo 0 >"$process/oom_score_adj"
    done
    case $scenario in
    oom-mix-*[13579]) swapoff -a ;;
    oom-nest-* | oom-v1-*)
        mix_limit mix 200
        for group in mix/one mix/two mix/two/three; do
            mkdir -p $mix_top/$group
            [ $group = mix/two ] && mix_limit $group 190
            mix_groups="$mix_groups $mix_top/$group"
        done
        # Only leaves and their like may hold processes in version 2.
        [ -e $mix_top/memory.limit_in_bytes ] || mix_groups="$mix_top/mix/one $mix_top/mix/two/three"
        mix_eater=$mix_top/mix/one
        mix_size=140
        # Larger, and none of this OOM's business
        /lab/oom-mix hold "$mix_seed, outside" /run/outside.ready 150 &
        ;;
    oom-pod-*)
        pod=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9.slice
        mix_limit kubepods.slice 500
        mix_limit kubepods.slice/kubepods-burstable.slice 450
        mix_limit $pod 200
        for group in 1111111111111111111111111111111111111111111111111111111111111111 \
            2222222222222222222222222222222222222222222222222222222222222222; do
            mkdir -p "$mix_top/$pod/cri-containerd-$group.scope"
            mix_groups="$mix_groups $mix_top/$pod/cri-containerd-$group.scope"
        done
        mix_eater=${mix_groups##* }
        echo 150M >"$mix_eater/memory.high"
        echo 120M >"$mix_eater/memory.max"
        echo 16M >"$mix_eater/memory.low"
        echo 8M >"$mix_eater/memory.min"
        echo 32M >"$mix_eater/memory.swap.max"
        echo 1 >"$mix_eater/memory.oom.group"
        mix_size=120
        ;;
    oom-cpuset-*)
        swapoff -a
        echo +cpuset >$mix_top/cgroup.subtree_control
        mkdir -p $mix_top/left $mix_top/right
        echo 0 >$mix_top/left/cpuset.mems
        echo 1 >$mix_top/right/cpuset.mems
        mix_groups="$mix_top/left $mix_top/right $mix_top"
        mix_eater=$mix_top/right
        mix_size=400
        ;;
    esac
    mix_hold
}

mix_after() {
    # shellcheck disable=SC2086 # one word or none
    /lab/oom-mix eat "$mix_seed" $mix_eater
    sleep 5
}
