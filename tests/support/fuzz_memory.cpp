#include "support/fuzz_memory.h"

#include <fmt/format.h>

#include "arch/arm64/page_tables.h"
#include "arch/i386/page_tables.h"
#include "arch/ppc64/page_tables.h"
#include "arch/riscv64/page_tables.h"
#include "arch/s390x/page_tables.h"
#include "arch/x86_64/page_tables.h"
#include "dump/vmcoreinfo.h"
#include "kernel/carried_notes.h"
#include "kernel/lists.h"
#include "kernel/maple_tree.h"
#include "kernel/printk/printk.h"
#include "kernel/rbtree.h"
#include "kernel/xarray.h"
#include "report/system/packed_config.h"
#include "support/btf_builder.h"
#include "support/fuzz_input.h"
#include "support/memory_image.h"
#include "support/pack_file.h"
#include "support/sparse_dump.h"
#include "types/btf.h"

namespace postmortem::test {
namespace {

constexpr std::size_t most_memory = 1u << 18;

Bytes bounded(Bytes memory) {
    return memory.first(std::min(memory.size(), most_memory));
}

}  // namespace

// --- printk: a byte of flags, VMCOREINFO, NUL, memory from `log_base` on ---

namespace {

constexpr std::uint64_t log_base = 0x81000000;

std::vector<std::byte> log_seed(bool big_endian, std::string_view info,
                                const std::vector<std::byte>& memory) {
    FuzzSeed seed;
    return seed.put<std::uint8_t>(big_endian).add(as_bytes(info)).put<std::uint8_t>(0).add(memory).take();
}

// Three records of a ring of eight, of a machine with words of eight bytes.
std::vector<std::byte> ring_seed() {
    constexpr std::uint64_t descs = log_base + 0x100, infos = descs + 8 * 24, text = infos + 8 * 88;
    constexpr std::uint64_t finalised = 2ull << 62, first = 16;
    std::vector<std::byte> memory(text + 256 - log_base);
    const auto put = [&](std::uint64_t at, auto value) {
        store(&memory[at - log_base], value, Endian::Little);
    };
    put(log_base, log_base + 8);
    put(log_base + 8, std::uint32_t{3});
    put(log_base + 16, descs);
    put(log_base + 24, infos);
    put(log_base + 32, first + 2);
    put(log_base + 40, first);
    put(log_base + 48, std::uint32_t{8});
    put(log_base + 56, text);
    for (std::uint64_t id = first; id < first + 3; ++id) {
        const std::uint64_t begin = (id - first) * 32, desc = descs + id % 8 * 24, info = infos + id % 8 * 88;
        put(desc, id | finalised);
        put(desc + 8, begin);
        put(desc + 16, begin + 32);
        put(info, id);
        put(info + 16, std::uint16_t{20});
        put(text + begin, id);
    }
    return log_seed(
        false,
        fmt::format("OSRELEASE=6.1.0\nSYMBOL(prb)={:x}\nSIZE(list_head)=16\n"
                    "SIZE(printk_ringbuffer)=80\nOFFSET(printk_ringbuffer.desc_ring)=0\n"
                    "OFFSET(printk_ringbuffer.text_data_ring)=40\nOFFSET(printk_ringbuffer.fail)=72\n"
                    "SIZE(prb_desc_ring)=40\nOFFSET(prb_desc_ring.count_bits)=0\n"
                    "OFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\n"
                    "OFFSET(prb_desc_ring.head_id)=24\nOFFSET(prb_desc_ring.tail_id)=32\n"
                    "SIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=8\n"
                    "SIZE(prb_data_blk_lpos)=16\nOFFSET(prb_data_blk_lpos.begin)=0\n"
                    "OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\n"
                    "OFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"
                    "OFFSET(printk_info.caller_id)=20\nOFFSET(printk_info.dev_info)=24\n"
                    "SIZE(dev_printk_info)=64\nOFFSET(dev_printk_info.subsystem)=0\n"
                    "OFFSET(dev_printk_info.device)=16\nSIZE(prb_data_ring)=32\n"
                    "OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n"
                    "SIZE(atomic_long_t)=8\nOFFSET(atomic_long_t.counter)=0\n",
                    log_base),
        memory);
}

constexpr std::uint64_t log_buffer = log_base + 64, log_buffer_size = 128;

std::vector<std::byte> log_variables(std::uint32_t first, std::uint32_t next) {
    std::vector<std::byte> memory(64 + log_buffer_size);
    store(&memory[0], log_buffer, Endian::Little);
    store(&memory[8], static_cast<std::uint32_t>(log_buffer_size), Endian::Little);
    store(&memory[12], first, Endian::Little);
    store(&memory[16], next, Endian::Little);
    return memory;
}

std::string log_symbols(std::string_view release, std::string_view first, std::string_view next) {
    return fmt::format(
        "OSRELEASE={}\nSYMBOL(log_buf)={:x}\nSYMBOL(log_buf_len)={:x}\nSYMBOL({})={:x}\n"
        "SYMBOL({})={:x}\nSIZE(list_head)=16\n",
        release, log_base, log_base + 8, first, log_base + 12, next, log_base + 16);
}

std::vector<std::byte> records_seed() {
    std::vector<std::byte> memory = log_variables(0, 64);
    for (std::size_t at = 64; at < 128; at += 32) {
        store(&memory[at + 8], std::uint16_t{32}, Endian::Little);
        store(&memory[at + 10], std::uint16_t{10}, Endian::Little);
        store(&memory[at + 12], std::uint16_t{5}, Endian::Little);
    }
    return log_seed(false,
                    log_symbols("4.19.0", "log_first_idx", "log_next_idx") +
                        "SIZE(printk_log)=16\nOFFSET(printk_log.ts_nsec)=0\nOFFSET(printk_log.len)=8\n"
                        "OFFSET(printk_log.text_len)=10\nOFFSET(printk_log.dict_len)=12\n",
                    memory);
}

std::vector<std::byte> flat_seed() {
    std::vector<std::byte> memory = log_variables(27, 27);
    const Bytes text = as_bytes("<5>[    0.000000] Linux ok\n");
    std::copy(text.begin(), text.end(), memory.begin() + 64);
    return log_seed(false, log_symbols("2.6.32", "log_end", "logged_chars"), memory);
}

}  // namespace

void run_printk(Bytes input) {
    FuzzInput in(input);
    MemoryImage image(in.take<std::uint8_t>() % 2 == 0 ? Endian::Little : Endian::Big);
    const std::string_view rest = as_text(in.rest());
    const std::string info(rest.substr(0, rest.find('\0')));
    image.put(log_base, bounded(in.rest().subspan(std::min(rest.size(), info.size() + 1))));
    const KernelLog log = read_printk(image.space(), VmcoreInfo(info));
    promise(log.records.size() <= 1u << 20 && log.problems.size() < 32);
}

Seeds printk_seeds() {
    return {ring_seed(), records_seed(), flat_seed()};
}

// --- trees: which kind, and memory from `tree_base` on, which starts with the root ---

namespace {

constexpr std::uint64_t tree_base = 0xffff888000001000ull;
enum TreeKind : std::uint8_t { Maple, Xarray, Radix, RedBlack, List, ListBackwards, tree_kinds };

std::unique_ptr<TypeFinder> tree_types() {
    BtfBuilder b;
    const auto u8 = b.integer("unsigned char", 1), u64 = b.integer("unsigned long", 8);
    const auto pointer = b.pointer(0);
    b.structure("maple_tree", 16, {{"ma_flags", u64, 0}, {"ma_root", pointer, 64}});
    b.structure(
        "maple_range_64", 256,
        {{"parent", pointer, 0}, {"pivot", b.array(u64, 15), 64}, {"slot", b.array(pointer, 16), 1024}});
    b.structure(
        "maple_arange_64", 256,
        {{"parent", pointer, 0}, {"pivot", b.array(u64, 9), 64}, {"slot", b.array(pointer, 10), 640}});
    for (const auto& [root, head, node] : {std::array{"xarray", "xa_head", "xa_node"},
                                           std::array{"radix_tree_root", "rnode", "radix_tree_node"}}) {
        b.structure(root, 16, {{"flags", u64, 0}, {head, pointer, 64}});
        b.structure(node, 552, {{"shift", u8, 0}, {"offset", u8, 8}, {"slots", b.array(pointer, 64), 320}});
    }
    return std::move(*open_btf(b.bytes(), "BTF"));
}

void walk_typed(TreeKind kind, const AddressSpace& memory) {
    static const std::unique_ptr<TypeFinder> types = tree_types();
    const char* name = kind == Maple ? "maple_tree" : kind == Xarray ? "xarray" : "radix_tree_root";
    const Object root(memory, *types, types->find_struct(name).value(), tree_base);
    const auto broken = [](const Error& error) { promise(!error.message.empty()); };
    if (kind != Maple)
        return for_each_xarray_entry(
            root, [](auto, auto) { return true; }, broken);
    for_each_maple_entry(
        root,
        [](std::uint64_t first, std::uint64_t last, std::uint64_t) {
            promise(first <= last);
            return true;
        },
        broken);
}

// The root, and nodes of a page's quarter each.
std::vector<std::byte> tree_seed(TreeKind kind,
                                 std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> words) {
    std::vector<std::byte> memory(0x1000);
    for (const auto& [at, value] : words) store(&memory[at], value, Endian::Little);
    return FuzzSeed().put<std::uint8_t>(kind).add(memory).take();
}

}  // namespace

void run_trees(Bytes input) {
    FuzzInput in(input);
    const auto kind = static_cast<TreeKind>(in.take<std::uint8_t>() % tree_kinds);
    SparseMemory memory;
    memory.write(tree_base, bounded(in.rest()));
    const auto visit = [](std::uint64_t) { return true; };
    switch (kind) {
        case RedBlack: (void)for_each_rb_node(memory, tree_base, visit); break;
        case List: (void)for_each_list_node(memory, tree_base, visit); break;
        case ListBackwards: (void)for_each_list_node_backwards(memory, tree_base, visit); break;
        default: walk_typed(kind, memory);
    }
}

Seeds tree_seeds() {
    constexpr std::uint64_t a = tree_base + 0x400, b = tree_base + 0x800;
    return {
        tree_seed(Maple, {{8, a | 3 << 3 | 2},  // of ranges with gaps, with a leaf below
                          {0x408, 99},
                          {0x410, ~0ull},
                          {0x450, b | 1 << 3 | 2},
                          {0x458, 0},
                          {0x808, 9},
                          {0x810, 99},
                          {0x880, tree_base},
                          {0x888, 0x1001}}),
        tree_seed(
            Xarray,
            {{8, a | 2}, {0x400, 6}, {0x428, b | 2}, {0x430, tree_base}, {0x828, tree_base}, {0x830, 3}}),
        tree_seed(
            Radix,
            {{8, a | 1}, {0x400, 6}, {0x428, b | 1}, {0x430, tree_base}, {0x828, tree_base}, {0x830, 6}}),
        tree_seed(RedBlack, {{0, a}, {0x400, 1}, {0x410, b}, {0x408, b + 64}, {0x800, a | 1}, {0x840, a}}),
        tree_seed(List, {{0, a}, {8, b}, {0x400, b}, {0x408, tree_base}, {0x800, tree_base}, {0x808, a}}),
        tree_seed(ListBackwards,
                  {{0, a}, {8, b}, {0x400, b}, {0x408, tree_base}, {0x800, tree_base}, {0x808, a}}),
    };
}

// --- page tables: which kind, four addresses, and physical memory, which starts with the top table ---

namespace {

constexpr std::uint64_t tables_at = 0x10000;

std::unique_ptr<PageTableWalker> walker_of(unsigned kind, const PhysicalMemory& physical) {
    const bool user = kind & 0x80;
    switch (kind % 17) {
        case 0: return x86_64::make_walker(physical, {tables_at, false, 0, user});
        case 1: return x86_64::make_walker(physical, {tables_at, true, 1ull << 47, user});
        case 2: return i386::make_walker(physical, {tables_at, false});
        case 3: return i386::make_walker(physical, {tables_at, true});
        case 4: return arm64::make_walker(physical, {tables_at, 12, 48, false, user});
        case 5: return arm64::make_walker(physical, {tables_at, 12, 52, true, user});
        case 6: return arm64::make_walker(physical, {tables_at, 14, 47, false, user});
        case 7: return arm64::make_walker(physical, {tables_at, 16, 52, false, user});
        case 8: return arm64::make_walker(physical, {tables_at, 12, 39, false, user});
        case 9: return riscv64::make_walker(physical, {tables_at, 39, user});
        case 10: return riscv64::make_walker(physical, {tables_at, 48, user});
        case 11: return riscv64::make_walker(physical, {tables_at, 57, user});
        case 12: return s390x::make_walker(physical, {tables_at, 3, user});
        case 13: return s390x::make_walker(physical, {tables_at, 5, user});
        case 14: return ppc64::make_walker(physical, {tables_at, 12, ppc64::Mmu::Radix, user});
        case 15: return ppc64::make_walker(physical, {tables_at, 16, ppc64::Mmu::Radix, user});
        default: return ppc64::make_walker(physical, {tables_at, 16, ppc64::Mmu::Hash, user});
    }
}

void look_up(const PageTableWalker& walker, std::uint64_t vaddr) {
    if (const auto found = walker.walk(vaddr))
        promise(found->page_size >= 4096 && std::has_single_bit(found->page_size));
    (void)walker.last_entry(vaddr);
    if (const auto way = walker.steps(vaddr)) promise(way->steps.size() <= way->levels);
}

}  // namespace

void run_page_tables(Bytes input) {
    FuzzInput in(input);
    const auto kind = in.take<std::uint8_t>();
    std::array<std::uint64_t, 4> asked{};
    for (std::uint64_t& vaddr : asked) vaddr = in.take<std::uint64_t>();
    SparseDump dump(4096);
    dump.write(tables_at, bounded(in.rest()));
    const PhysicalMemory physical(dump, 16);
    const auto walker = walker_of(kind, physical);
    for (const std::uint64_t vaddr : asked) look_up(*walker, vaddr);
}

Seeds page_table_seeds() {
    Seeds seeds;
    for (unsigned kind = 0; kind < 17; ++kind) {
        for (const unsigned user : {0u, 0x80u}) {
            FuzzSeed seed;
            seed.put(static_cast<std::uint8_t>(kind | user));
            for (const std::uint64_t vaddr :
                 {0xffffffff81000000ull, 0xffff888000001000ull, 0x401000ull, 0xc0000000ull})
                seed.put<std::uint64_t>(vaddr);
            // Every entry leads to the next page, as a table or as a page.
            for (std::uint64_t entry = 0; entry < 1024; ++entry) {
                const std::uint64_t next = tables_at + (entry / 512 + 1) * 4096;
                seed.put<std::uint64_t>(kind >= 9 && kind < 12 ? next >> 12 << 10 | (entry % 3 == 0 ? 0xcf : 1)
                                                  : next | (entry % 3 == 0 ? 0xe3 : 0x63));
            }
            seeds.push_back(seed.take());
        }
    }
    return seeds;
}

// --- the kernel's configuration ---

void run_config(Bytes input) {
    MemoryImage image;
    image.put(0x81000ff0, bounded(input));
    const auto text = unpacked_config(image.space(), 0x81000ff0);
    promise(text || !text.error().message.empty());
}

Seeds config_seeds() {
    const std::string text =
        "#\n# Linux/x86 6.1.0 Kernel Configuration\n#\nCONFIG_64BIT=y\n# CONFIG_SMP is not set\n";
    const auto packed = pack_file(Packing::Gzip, as_bytes(text));
    Seeds seeds;
    for (const std::string_view start : {"", "IKCFG_ST"})
        seeds.push_back(FuzzSeed().add(as_bytes(start)).add(packed).add(as_bytes("IKCFG_ED")).take());
    return seeds;
}

// --- what `extract` adds ---

void run_carried(Bytes input) {
    const auto symbols = unpack_symbols(input);
    if (!symbols) {
        promise(!symbols.error().message.empty());
        return;
    }
    (void)(*symbols)->address_of("schedule");
    (void)(*symbols)->containing(0xffffffff81000010ull);
    std::size_t seen = 0;
    (void)(*symbols)->for_each([&](const Symbol&) { return ++seen < 100000; });
}

Seeds carried_seeds() {
    std::vector<Symbol> symbols;
    for (std::uint64_t i = 0; i < 50; ++i)
        symbols.push_back(
            {"function_" + std::to_string(i), 0xffffffff81000000ull + 16 * i, i % 2 ? 't' : 'T'});
    return {pack_symbols(SymbolList("vmlinux", std::move(symbols)))};
}

}  // namespace postmortem::test
