// A kernel module that makes the kernel crash in ways that user space alone
// cannot: write the name of one to /proc/labcrash. Builds on Linux 5.10-7.x.
// The functions are kept apart (noinline, each way its own), so that call
// traces tell a story and different ways have different titles. None bears a
// word such as panic, list_add or usercopy in its name: whoever looks for the
// function to blame passes over those.
#ifdef CONFIG_X86
#include <asm/apic.h>
#include <asm/nmi.h>
#endif
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/proc_fs.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

struct labcrash_item {
    int number;
    struct labcrash_item* next;
    struct list_head node;
    char room[0x1d8];
    long last;
};

static struct labcrash_item* volatile labcrash_nothing;
static struct labcrash_item* volatile labcrash_kept;
static void (*volatile labcrash_no_function)(void);
static volatile int labcrash_zero;
static volatile unsigned long labcrash_sink;
static struct kmem_cache* labcrash_cache;
static char __user* labcrash_user_text;

// ---- pointers that lead nowhere ----

static noinline void labcrash_touch(struct labcrash_item* item) {
    WRITE_ONCE(item->next->number, 42);
}

static noinline void labcrash_null(void) {
    struct labcrash_item item = {.next = labcrash_nothing};
    labcrash_touch(&item);
    labcrash_sink++;
}

static noinline void labcrash_member(void) {
    labcrash_sink = labcrash_nothing->last;
}

static noinline void labcrash_call(void) {
    labcrash_no_function();
    labcrash_sink++;
}

// Text where a pointer should be: no canonical address
static noinline void labcrash_gpf(void) {
    labcrash_kept = (struct labcrash_item*)0x4141414141414141ul;
    labcrash_sink = labcrash_kept->number;
}

// Canonical, and never mapped: the hole that the kernel leaves to hypervisors
static noinline void labcrash_wild(void) {
    labcrash_kept = (struct labcrash_item*)0xffff800012345670ul;
    labcrash_sink = labcrash_kept->number;
}

// There is memory, but the kernel may not touch it like that (SMAP)
static noinline void labcrash_user(void) {
    labcrash_sink = *(volatile char __force*)labcrash_user_text;
}

// ---- the kernel's own checks ----

static noinline void labcrash_bug(void) {
    BUG_ON(labcrash_zero == 0);
    labcrash_sink++;
}

static noinline void labcrash_warn(void) {
    WARN(1, "labcrash: this is only a warning");
    labcrash_sink++;
}

static noinline void labcrash_give_up(void) {
    panic("labcrash: panic as asked, \033[1mwith an escape");
}

static noinline void labcrash_divide(void) {
    labcrash_sink = 4096 / labcrash_zero;
}

static noinline void labcrash_put(refcount_t* count) {
    labcrash_sink += refcount_dec_and_test(count);
    labcrash_sink++;
}

static noinline void labcrash_refcount(void) {
    refcount_t count = REFCOUNT_INIT(1);
    labcrash_put(&count);
    labcrash_put(&count);
    labcrash_sink++;
}

static noinline void labcrash_list(void) {
    LIST_HEAD(head);
    struct labcrash_item* item = kzalloc(sizeof(*item), GFP_KERNEL);
    list_add(&item->node, &head);
    list_del(&item->node);
    list_del(&item->node);
    labcrash_sink++;
}

static noinline void labcrash_insert(void) {
    LIST_HEAD(head);
    struct labcrash_item* first = kzalloc(sizeof(*first), GFP_KERNEL);
    struct labcrash_item* second = kzalloc(sizeof(*second), GFP_KERNEL);
    list_add(&first->node, &head);
    WRITE_ONCE(first->node.prev, NULL);
    list_add(&second->node, &head);
    labcrash_sink++;
}

// Sleeps where it must not
static noinline void labcrash_atomic(void) {
    local_bh_disable();
    msleep(20);
    local_bh_enable();
    labcrash_sink++;
}

// Hands out more of a kernel object than there is
static noinline void labcrash_hand_out(void) {
    volatile unsigned long room = 64, size = 128;
    void* object = kmalloc(room, GFP_KERNEL);
    labcrash_sink = copy_to_user(labcrash_user_text, object, size);
    kfree(object);
}

// ---- the stack ----

static noinline int labcrash_recurse(int depth) {
    volatile char room[512];
    room[depth % 512] = (char)depth;
    return labcrash_recurse(depth + 1) + room[0];
}

static noinline void labcrash_stack(void) {
    labcrash_sink = labcrash_recurse(1);
}

static noinline void labcrash_fill(volatile char* room, int size) {
    int i;
    for (i = 0; i < size; i++) room[i] = 'A';
}

// Writes over the stack protector's canary
static noinline void labcrash_smash(void) {
    char room[16];
    labcrash_fill(room, 40);
    labcrash_sink += room[0];
}

// ---- slab objects ----

static noinline void labcrash_release(void) {
    kmem_cache_free(labcrash_cache, labcrash_kept);
    labcrash_sink++;
}

static noinline void labcrash_make(void) {
    struct labcrash_item* item = kmem_cache_zalloc(labcrash_cache, GFP_KERNEL);
    item->next = item;
    labcrash_kept = item;
}

// To be run with slub_debug=FZPU,labcrash_item: freed objects are filled with 0x6b
static noinline void labcrash_uaf(void) {
    labcrash_make();
    labcrash_release();
    labcrash_sink = labcrash_kept->next->number;
}

// With slub_debug the kernel reports it, mends it, and lives on
static noinline void labcrash_free_again(void) {
    labcrash_make();
    labcrash_release();
    labcrash_release();
    labcrash_sink++;
}

// Without it, hardened freelists see that an object is freed twice in a row
static noinline void labcrash_double_free(void) {
    labcrash_kept = kmalloc(sizeof(struct labcrash_item), GFP_KERNEL);
    kfree(labcrash_kept);
    kfree(labcrash_kept);
    labcrash_sink++;
}

// To be run with kfence.sample_interval=1; one of these objects is a guarded one
static noinline void labcrash_kfence(void) {
    int i;
    for (i = 0; i < 100; i++) {
        labcrash_kept = kmalloc(64, GFP_KERNEL);
        kfree(labcrash_kept);
        labcrash_sink = labcrash_kept->number;
        msleep(20);
    }
}

// ---- processors and tasks that are stuck ----

static DEFINE_SPINLOCK(labcrash_spinlock);

// Takes a lock that it holds already: never comes back, but takes interrupts
static noinline void labcrash_spin(void) {
    spin_lock(&labcrash_spinlock);
    spin_lock(&labcrash_spinlock);
    labcrash_sink++;
}

static noinline void labcrash_deaf(void) {
    local_irq_disable();
    for (;;) cpu_relax();
}

// Takes interrupts, but never lets RCU's grace period end
static noinline void labcrash_rcu(void) {
    preempt_disable();
    for (;;) cpu_relax();
}

#ifdef CONFIG_X86
typedef void (*labcrash_overflow)(struct perf_event*, struct perf_sample_data*, struct pt_regs*);
static labcrash_overflow labcrash_check_lockup;
static struct perf_event labcrash_event;
static volatile int labcrash_stuck_cpu = -1;

static int labcrash_nmi(unsigned int kind, struct pt_regs* regs) {
    if (raw_smp_processor_id() != labcrash_stuck_cpu) return NMI_DONE;
    labcrash_check_lockup(&labcrash_event, NULL, regs);
    return NMI_HANDLED;
}

// The kernel's hard lockup detector lives on a performance counter's NMI. An
// emulated processor has no counters: the NMIs are sent from here instead, what
// they find and say is the kernel's own.
static int labcrash_counter(void* unused) {
    struct kprobe probe = {.symbol_name = "watchdog_overflow_callback"};
    if (register_kprobe(&probe)) return -ENOENT;
    labcrash_check_lockup = (labcrash_overflow)probe.addr;
    unregister_kprobe(&probe);
    if (register_nmi_handler(NMI_LOCAL, labcrash_nmi, 0, "labcrash")) return -EINVAL;
    for (;;) {
        msleep(4000);
        if (labcrash_stuck_cpu >= 0) apic->send_IPI_mask(cpumask_of(labcrash_stuck_cpu), NMI_VECTOR);
    }
    return 0;
}

static noinline void labcrash_hard(void) {
    struct task_struct* counter = kthread_create(labcrash_counter, NULL, "counter");
    kthread_bind(counter, 0);
    wake_up_process(counter);
    msleep(500);
    spin_lock_irq(&labcrash_spinlock);
    labcrash_stuck_cpu = smp_processor_id();
    spin_lock_irq(&labcrash_spinlock);
    labcrash_sink++;
}
#endif

static DEFINE_MUTEX(labcrash_first);
static DEFINE_MUTEX(labcrash_second);

static int labcrash_one_way(void* unused) {
    mutex_lock(&labcrash_first);
    msleep(200);
    mutex_lock(&labcrash_second);
    return 0;
}
static int labcrash_other_way(void* unused) {
    mutex_lock(&labcrash_second);
    msleep(200);
    mutex_lock(&labcrash_first);
    return 0;
}
static void labcrash_mutex(void) {
    kthread_run(labcrash_one_way, NULL, "one-way");
    kthread_run(labcrash_other_way, NULL, "other-way");
}

// ---- not in the context of the task that asked ----

static noinline void labcrash_in_worker(void) {
    labcrash_nothing->number = 1;
}
static void labcrash_work(struct work_struct* unused) {
    labcrash_in_worker();
    labcrash_sink++;
}
static DECLARE_WORK(labcrash_work_item, labcrash_work);
static void labcrash_ask_worker(void) {
    schedule_work(&labcrash_work_item);
}

static noinline void labcrash_in_softirq(void) {
    labcrash_nothing->number = 2;
}
static void labcrash_timer(struct timer_list* unused) {
    labcrash_in_softirq();
    labcrash_sink++;
}
static DEFINE_TIMER(labcrash_timer_item, labcrash_timer);
static void labcrash_ask_timer(void) {
    mod_timer(&labcrash_timer_item, jiffies + HZ / 10);
}

static noinline void labcrash_in_hardirq(void) {
    labcrash_nothing->number = 3;
}
static void labcrash_irq(struct irq_work* unused) {
    labcrash_in_hardirq();
    labcrash_sink++;
}
static struct irq_work labcrash_irq_item;
static void labcrash_ask_irq(void) {
    init_irq_work(&labcrash_irq_item, labcrash_irq);
    irq_work_queue(&labcrash_irq_item);
}

// ---- the switchboard ----

static const struct {
    const char* name;
    void (*die)(void);
} labcrash_ways[] = {
    {"null", labcrash_null},
    {"member", labcrash_member},
    {"null-call", labcrash_call},
    {"gpf", labcrash_gpf},
    {"wild", labcrash_wild},
    {"user", labcrash_user},
    {"bug", labcrash_bug},
    {"warn", labcrash_warn},
    {"panic", labcrash_give_up},
    {"divide", labcrash_divide},
    {"refcount", labcrash_refcount},
    {"list", labcrash_list},
    {"list-add", labcrash_insert},
    {"atomic", labcrash_atomic},
    {"usercopy", labcrash_hand_out},
    {"stack", labcrash_stack},
    {"smash", labcrash_smash},
    {"uaf", labcrash_uaf},
    {"free-again", labcrash_free_again},
    {"double-free", labcrash_double_free},
    {"kfence", labcrash_kfence},
    {"spin", labcrash_spin},
    {"deaf", labcrash_deaf},
    {"rcu", labcrash_rcu},
#ifdef CONFIG_X86
    {"hard", labcrash_hard},
#endif
    {"mutex", labcrash_mutex},
    {"work", labcrash_ask_worker},
    {"timer", labcrash_ask_timer},
    {"irq", labcrash_ask_irq},
};

static ssize_t labcrash_write(struct file* file, const char __user* text, size_t size, loff_t* at) {
    char how[32] = "";
    int i;
    if (size >= sizeof(how) || copy_from_user(how, text, size)) return -EINVAL;
    if (size && how[size - 1] == '\n') how[size - 1] = 0;
    pr_info("labcrash: asked for %s\n", how);
    labcrash_user_text = (char __user*)text;
    for (i = 0; i < ARRAY_SIZE(labcrash_ways); i++) {
        if (strcmp(how, labcrash_ways[i].name)) continue;
        labcrash_ways[i].die();
        return (ssize_t)size;
    }
    return -EINVAL;
}

static const struct proc_ops labcrash_ops = {.proc_write = labcrash_write};

static int __init labcrash_init(void) {
    labcrash_cache = kmem_cache_create("labcrash_item", sizeof(struct labcrash_item), 0, 0, NULL);
    return labcrash_cache && proc_create("labcrash", 0200, NULL, &labcrash_ops) ? 0 : -ENOMEM;
}
static void __exit labcrash_exit(void) {
    remove_proc_entry("labcrash", NULL);
    kmem_cache_destroy(labcrash_cache);
}

module_init(labcrash_init);
module_exit(labcrash_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("crashes the kernel in a chosen way");
