// A kernel module that makes tasks and processors stand still in ways that
// user space alone cannot: write the name of one to /proc/labhang. Builds on
// Linux 5.10-7.x. Nothing here ever comes to an end.
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(labhang_first);
static DEFINE_MUTEX(labhang_second);
static DEFINE_MUTEX(labhang_third);
static DECLARE_RWSEM(labhang_rwsem);
DEFINE_STATIC_PERCPU_RWSEM(labhang_percpu);
static DEFINE_RT_MUTEX(labhang_rtmutex);
static struct semaphore labhang_semaphore;
static DECLARE_COMPLETION(labhang_never);
static DECLARE_WAIT_QUEUE_HEAD(labhang_queue);
static unsigned long labhang_bits;
static struct workqueue_struct* labhang_ordered;
static struct task_struct* labhang_thread;

// Asleep for ever, and interruptibly: no hang by itself
static noinline void labhang_doze(void) {
    for (;;) schedule_timeout_interruptible(MAX_SCHEDULE_TIMEOUT);
}

// ---- locks ----

static int labhang_one_way(void* unused) {
    mutex_lock(&labhang_first);
    msleep(300);
    mutex_lock(&labhang_second);
    return 0;
}
static int labhang_other_way(void* unused) {
    mutex_lock(&labhang_second);
    msleep(300);
    mutex_lock(&labhang_first);
    return 0;
}
static int labhang_onlooker(void* unused) {
    msleep(600);
    mutex_lock(&labhang_first);
    return 0;
}

// Three tasks, three kinds of locks, one ring
static int labhang_ring_one(void* unused) {
    mutex_lock(&labhang_third);
    msleep(300);
    down_write(&labhang_rwsem);
    return 0;
}
static int labhang_ring_two(void* unused) {
    down_write(&labhang_rwsem);
    msleep(300);
    rt_mutex_lock(&labhang_rtmutex);
    return 0;
}
static int labhang_ring_three(void* unused) {
    rt_mutex_lock(&labhang_rtmutex);
    msleep(300);
    mutex_lock(&labhang_third);
    return 0;
}

static int labhang_reader(void* unused) {
    down_read(&labhang_rwsem);
    labhang_doze();
    return 0;
}
static int labhang_writer(void* unused) {
    msleep(300);
    down_write(&labhang_rwsem);
    return 0;
}
static int labhang_late_reader(void* unused) {
    msleep(600);
    down_read(&labhang_rwsem);
    return 0;
}

static int labhang_percpu_reader(void* unused) {
    percpu_down_read(&labhang_percpu);
    labhang_doze();
    return 0;
}
static int labhang_percpu_writer(void* unused) {
    msleep(300);
    percpu_down_write(&labhang_percpu);
    return 0;
}
static int labhang_percpu_late(void* unused) {
    msleep(2000);
    percpu_down_read(&labhang_percpu);
    return 0;
}

static int labhang_down(void* unused) {
    down(&labhang_semaphore);
    labhang_doze();
    return 0;
}

// ---- completions, bits, wait queues ----

static int labhang_holds(void* unused) {
    mutex_lock(&labhang_first);
    wait_for_completion(&labhang_never);
    return 0;
}
static int labhang_bit_waiter(void* unused) {
    set_bit(3, &labhang_bits);
    wait_on_bit(&labhang_bits, 3, TASK_UNINTERRUPTIBLE);
    return 0;
}
static int labhang_event_waiter(void* unused) {
    wait_event(labhang_queue, READ_ONCE(labhang_bits) == 4711);
    return 0;
}

// ---- work ----

static void labhang_work(struct work_struct* unused) {
    mutex_lock(&labhang_first);
}
static DECLARE_WORK(labhang_item, labhang_work);
static int labhang_flusher(void* unused) {
    msleep(600);
    schedule_work(&labhang_item);
    msleep(300);
    flush_work(&labhang_item);
    return 0;
}

// Waits for work that is queued behind itself
static void labhang_behind(struct work_struct* unused) {}
static DECLARE_WORK(labhang_behind_item, labhang_behind);
static void labhang_ahead(struct work_struct* unused) {
    queue_work(labhang_ordered, &labhang_behind_item);
    flush_work(&labhang_behind_item);
}
static DECLARE_WORK(labhang_ahead_item, labhang_ahead);

// Waits for all work of its own queue, itself included
static void labhang_own(struct work_struct* unused) {
    flush_workqueue(labhang_ordered);
}
static DECLARE_WORK(labhang_own_item, labhang_own);

// ---- threads ----

static int labhang_never_stops(void* unused) {
    labhang_doze();
    return 0;
}
static int labhang_stopper(void* unused) {
    msleep(300);
    kthread_stop(labhang_thread);
    return 0;
}

// ---- processors ----

static int labhang_spinner(void* unused) {
    preempt_disable();
    for (;;) cpu_relax();
    return 0;
}
static int labhang_deaf(void* unused) {
    local_irq_disable();
    for (;;) cpu_relax();
    return 0;
}
static int labhang_rcu_waiter(void* unused) {
    msleep(200);
    mutex_lock(&labhang_first);
    synchronize_rcu();
    return 0;
}

static void labhang_on_one(int (*what)(void*), const char* name) {
    struct task_struct* task = kthread_create(what, NULL, "%s", name);
    if (IS_ERR(task)) return;
    kthread_bind(task, 1);
    wake_up_process(task);
}

#define RUN(what, name) kthread_run(what, NULL, name)

static int labhang_stage(const char* how) {
    if (!strcmp(how, "abba")) {
        RUN(labhang_one_way, "one-way");
        RUN(labhang_other_way, "other-way");
        RUN(labhang_onlooker, "onlooker");
    } else if (!strcmp(how, "ring")) {
        RUN(labhang_ring_one, "ring-one");
        RUN(labhang_ring_two, "ring-two");
        RUN(labhang_ring_three, "ring-three");
    } else if (!strcmp(how, "rwsem")) {
        RUN(labhang_reader, "reader");
        RUN(labhang_writer, "writer");
        RUN(labhang_late_reader, "late-reader");
    } else if (!strcmp(how, "percpu")) {
        RUN(labhang_percpu_reader, "reader");
        RUN(labhang_percpu_writer, "writer");
        RUN(labhang_percpu_late, "late-reader");
    } else if (!strcmp(how, "semaphore")) {
        sema_init(&labhang_semaphore, 1);
        RUN(labhang_down, "first");
        msleep(300);
        RUN(labhang_down, "second");
    } else if (!strcmp(how, "completion")) {
        RUN(labhang_holds, "holder");
        RUN(labhang_onlooker, "onlooker");
    } else if (!strcmp(how, "bit")) {
        RUN(labhang_bit_waiter, "bit-waiter");
        RUN(labhang_event_waiter, "event-waiter");
    } else if (!strcmp(how, "worker")) {
        RUN(labhang_holds, "holder");
        RUN(labhang_flusher, "flusher");
    } else if (!strcmp(how, "flush-self")) {
        queue_work(labhang_ordered, &labhang_ahead_item);
    } else if (!strcmp(how, "flush-own")) {
        queue_work(labhang_ordered, &labhang_own_item);
    } else if (!strcmp(how, "kthread-stop")) {
        labhang_thread = RUN(labhang_never_stops, "never-stops");
        RUN(labhang_stopper, "stopper");
    } else if (!strcmp(how, "spin")) {
        labhang_on_one(labhang_spinner, "spinner");
    } else if (!strcmp(how, "deaf")) {
        labhang_on_one(labhang_deaf, "deaf");
    } else if (!strcmp(how, "rcu")) {
        labhang_on_one(labhang_spinner, "spinner");
        RUN(labhang_rcu_waiter, "rcu-waiter");
        RUN(labhang_onlooker, "onlooker");
    } else {
        return -EINVAL;
    }
    return 0;
}

static ssize_t labhang_write(struct file* file, const char __user* text, size_t size, loff_t* at) {
    char how[32] = "";
    if (size >= sizeof(how) || copy_from_user(how, text, size)) return -EINVAL;
    if (size && how[size - 1] == '\n') how[size - 1] = 0;
    pr_info("labhang: asked for %s\n", how);
    return labhang_stage(how) ? -EINVAL : (ssize_t)size;
}

static const struct proc_ops labhang_ops = {.proc_write = labhang_write};

static int __init labhang_init(void) {
    labhang_ordered = alloc_ordered_workqueue("labhang", 0);
    return labhang_ordered && proc_create("labhang", 0200, NULL, &labhang_ops) ? 0 : -ENOMEM;
}

module_init(labhang_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("makes tasks and processors stand still in a chosen way");
