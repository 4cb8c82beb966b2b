// A kernel module that eats memory in ways that no process answers for: write
// the name of one to /proc/lableak. It goes on until the kernel has none left.
// Builds on Linux 5.10-7.x.
// For want of low memory the kernel kills nobody: there the allocations are of
// the kind that fails.
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

struct lableak_item {
    struct lableak_item* next;
    char room[200];
};

static struct kmem_cache* lableak_cache;
static void* volatile lableak_last;

// A constructor keeps the cache from being merged with others of its size.
static void lableak_construct(void* item) { memset(item, 0, sizeof(struct lableak_item)); }

static noinline void lableak_slab(void) {
    struct lableak_item* item;
    while ((item = kmem_cache_alloc(lableak_cache, GFP_KERNEL))) lableak_last = item;
}

static noinline void lableak_vmalloc(void) {
    void* room;
    while ((room = vmalloc(1 << 20))) lableak_last = room;
}

static noinline void lableak_pages(gfp_t kind) {
    struct page* page;
    while ((page = alloc_pages(kind, 0))) lableak_last = page;
}

static ssize_t lableak_write(struct file* file, const char __user* text, size_t size, loff_t* at) {
    char how[32] = "";
    if (size >= sizeof(how) || copy_from_user(how, text, size)) return -EINVAL;
    if (size && how[size - 1] == '\n') how[size - 1] = 0;
    pr_info("lableak: asked for %s\n", how);
    if (!strcmp(how, "slab"))
        lableak_slab();
    else if (!strcmp(how, "vmalloc"))
        lableak_vmalloc();
    else if (!strcmp(how, "pages"))
        lableak_pages(GFP_KERNEL);
    else if (!strcmp(how, "dma32"))
        lableak_pages(GFP_KERNEL | GFP_DMA32 | __GFP_NORETRY);
    else
        return -EINVAL;
    return (ssize_t)size;
}

static const struct proc_ops lableak_ops = {.proc_write = lableak_write};

static int __init lableak_init(void) {
    lableak_cache = kmem_cache_create("lableak_item", sizeof(struct lableak_item), 0, 0, lableak_construct);
    if (!lableak_cache) return -ENOMEM;
    return proc_create("lableak", 0200, NULL, &lableak_ops) ? 0 : -ENOMEM;
}

module_init(lableak_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("eats memory in a chosen way");
