// A kernel module that makes the kernel crash in ways that user space alone
// cannot: write the name of one to /proc/labcrash. Builds on Linux 5.10-7.x.
// The functions are kept apart (noinline), so that call traces tell a story.
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

struct labcrash_item {
    int number;
    struct labcrash_item* next;
    struct list_head node;
};

static struct labcrash_item* volatile labcrash_nothing;
static void (*volatile labcrash_no_function)(void);
static volatile int labcrash_zero;
static volatile unsigned long labcrash_sink;

static noinline void labcrash_touch(struct labcrash_item* item) { WRITE_ONCE(item->next->number, 42); }

static noinline void labcrash_null(void) {
    struct labcrash_item item = {.next = labcrash_nothing};
    labcrash_touch(&item);
    labcrash_sink++;
}

static noinline void labcrash_call(void) {
    labcrash_no_function();
    labcrash_sink++;
}

static noinline void labcrash_bug(void) {
    BUG_ON(labcrash_zero == 0);
    labcrash_sink++;
}

// What a freed and poisoned object looks like
static noinline void labcrash_gpf(void) {
    struct labcrash_item item = {.next = (struct labcrash_item*)0x6b6b6b6b6b6b6b6bul};
    labcrash_touch(&item);
    labcrash_sink++;
}

static noinline void labcrash_divide(void) { labcrash_sink = 4096 / labcrash_zero; }

static noinline int labcrash_recurse(int depth) {
    volatile char room[512];
    room[depth % 512] = (char)depth;
    return labcrash_recurse(depth + 1) + room[0];
}

static noinline void labcrash_list(void) {
    LIST_HEAD(head);
    struct labcrash_item* item = kzalloc(sizeof(*item), GFP_KERNEL);
    list_add(&item->node, &head);
    list_del(&item->node);
    list_del(&item->node);
    labcrash_sink++;
}

static noinline void labcrash_warn(void) {
    WARN(1, "labcrash: this is only a warning");
    labcrash_sink++;
}

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

static void labcrash_work(struct work_struct* unused) { labcrash_null(); }
static DECLARE_WORK(labcrash_work_item, labcrash_work);

static void labcrash_timer(struct timer_list* unused) { labcrash_null(); }
static DEFINE_TIMER(labcrash_timer_item, labcrash_timer);

static ssize_t labcrash_write(struct file* file, const char __user* text, size_t size, loff_t* at) {
    char how[32] = "";
    if (size >= sizeof(how) || copy_from_user(how, text, size)) return -EINVAL;
    if (size && how[size - 1] == '\n') how[size - 1] = 0;
    pr_info("labcrash: asked for %s\n", how);
    if (!strcmp(how, "null"))
        labcrash_null();
    else if (!strcmp(how, "null-call"))
        labcrash_call();
    else if (!strcmp(how, "bug"))
        labcrash_bug();
    else if (!strcmp(how, "gpf"))
        labcrash_gpf();
    else if (!strcmp(how, "divide"))
        labcrash_divide();
    else if (!strcmp(how, "stack"))
        labcrash_sink = labcrash_recurse(1);
    else if (!strcmp(how, "list"))
        labcrash_list();
    else if (!strcmp(how, "warn"))
        labcrash_warn();
    else if (!strcmp(how, "panic"))
        panic("labcrash: panic as asked, \033[1mwith an escape");
    else if (!strcmp(how, "spin"))
        labcrash_spin();
    else if (!strcmp(how, "deaf"))
        labcrash_deaf();
    else if (!strcmp(how, "work"))
        schedule_work(&labcrash_work_item);
    else if (!strcmp(how, "timer"))
        mod_timer(&labcrash_timer_item, jiffies + HZ / 10);
    else if (!strcmp(how, "mutex")) {
        kthread_run(labcrash_one_way, NULL, "one-way");
        kthread_run(labcrash_other_way, NULL, "other-way");
    } else
        return -EINVAL;
    return (ssize_t)size;
}

static const struct proc_ops labcrash_ops = {.proc_write = labcrash_write};

static int __init labcrash_init(void) { return proc_create("labcrash", 0200, NULL, &labcrash_ops) ? 0 : -ENOMEM; }
static void __exit labcrash_exit(void) { remove_proc_entry("labcrash", NULL); }

module_init(labcrash_init);
module_exit(labcrash_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("crashes the kernel in a chosen way");
