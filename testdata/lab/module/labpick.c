// A kernel module that lets the OOM killer choose its victim and print its
// table, then panics before the victim is touched: the dump is the state in
// which the choice was made. Builds on Linux 5.10-7.x.
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/sched.h>

static int labpick_chosen(struct kprobe* probe, struct pt_regs* regs) {
    const struct oom_control* oc = (const struct oom_control*)regs->di;
    pr_emerg("labpick: chosen pid=%d points=%ld totalpages=%lu constraint=%d allocating=%d\n",
             oc->chosen->pid, (long)oc->chosen_points, oc->totalpages, (int)oc->constraint, current->pid);
    return 0;
}

static int labpick_kill(struct kprobe* probe, struct pt_regs* regs) {
    const struct task_struct* victim = (const struct task_struct*)regs->di;
    panic("labpick: would kill pid %d (%s)", victim->pid, victim->comm);
    return 0;
}

static struct kprobe labpick_probes[] = {
    {.symbol_name = "oom_kill_process", .pre_handler = labpick_chosen},
    {.symbol_name = "__oom_kill_process", .pre_handler = labpick_kill},
};

static int __init labpick_init(void) {
    struct kprobe* probes[] = {&labpick_probes[0], &labpick_probes[1]};
    return register_kprobes(probes, ARRAY_SIZE(probes));
}
static void __exit labpick_exit(void) {
    struct kprobe* probes[] = {&labpick_probes[0], &labpick_probes[1]};
    unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(labpick_init);
module_exit(labpick_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("panics when the OOM killer has made its choice");
