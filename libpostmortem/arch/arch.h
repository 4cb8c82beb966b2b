// What an architecture tells the rest of the library: tables of facts and a few functions, no more. Whatever
// needs the dump's types or symbols to be answered is a name here, which kernel/ looks up. To add one: a
// folder beside this file, a line in registry.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/backtrace.h>

#include "arch/disassembler.h"
#include "arch/orc_register.h"
#include "arch/registers.h"
#include "base/bytes.h"
#include "dump/dump_file.h"
#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"

namespace postmortem {

// --- memory ---

/// How the kernel's addresses become physical ones.
struct KernelMapping {
    /// Or why the tables cannot be followed: MissingDebugInfo where neither VMCOREINFO nor the dump's notes
    /// tell where they are.
    Result<std::unique_ptr<PageTableWalker>> walker;
    // Ranges that are known without tables, as far as VMCOREINFO gives them away.
    std::vector<LinearRange> linear;                       ///< the image and the like
    std::optional<LinearRange> all_memory = std::nullopt;  ///< of all physical memory
};

/// Where the entry of a page that was swapped out has the number of the swap area, and the page in it.
struct SwapEntryForm {
    struct Bits {
        unsigned first = 0, count = 0;
    };
    Bits area;
    Bits page;              ///< from bit 0: from where a page's offset ends
    bool inverted = false;  ///< the bits of the page
    /// Kernels with this form tell in an entry, too, whether one process alone has the page (5.19 on);
    /// nothing: either may be.
    std::optional<bool> marks_exclusive{};
};

/// What the entry that maps a page says.
struct PageEntry {
    bool present = false;  ///< also where programs are kept from the page
    std::uint64_t physical = 0;
    std::vector<std::string_view> flags;
};

/// Where a part of the kernel's address space begins: what a variable holds, or always the same.
struct KernelBase {
    const char* title = nullptr;  ///< "KERNEL VMALLOC BASE"
    const char* variable = nullptr;
    std::uint64_t otherwise = 0;  ///< without that variable
    std::uint64_t older = 0;      ///< of the direct map: where kernels of an earlier age have it
};

/// A line of /proc/meminfo: how much of the direct map is in pages of one size.
struct DirectMapLine {
    const char* name;
    std::uint32_t index;  ///< in the variable direct_pages_count
    std::uint64_t page_kib;
    const char* condition = nullptr;  ///< a variable that is 0 where the kernel prints no such line
};

struct MemoryLayout {
    KernelMapping (*map_kernel)(const PhysicalMemory&, const VmcoreInfo&) = nullptr;
    /// The tables of a process, whose root lies at a physical address.
    Result<std::unique_ptr<PageTableWalker>> (*map_user)(const PhysicalMemory&, const VmcoreInfo&,
                                                         std::uint64_t root) = nullptr;
    /// The order of bytes that memory itself shows, where who wrote the dump may not have known it; nothing
    /// where it shows none. May be null.
    std::optional<Endian> (*byte_order)(const PhysicalMemory&, const VmcoreInfo&) = nullptr;
    /// Bytes of a page: one bit for each size that a kernel may have been built for. Who writes a dump may
    /// count in others (QEMU in the largest).
    std::uint32_t page_sizes = 4096;
    /// What an entry that is not present tells of where the page is, newest form first. Areas that no machine
    /// has mean something else.
    std::span<const SwapEntryForm> swap_entries{};
    PageEntry (*page_entry)(std::uint64_t entry) = nullptr;
    /// "PGD" of the top level, "PTE" of level 1.
    const char* (*level_name)(std::uint32_t level, std::uint32_t levels) = nullptr;
    /// As crash's `mach` lists them. May be null.
    std::vector<KernelBase> (*bases)(const VmcoreInfo&) = nullptr;
    /// The variable that holds where all physical memory is mapped; null where map_kernel() gives it.
    const char* direct_map = nullptr;
    /// The words of VMCOREINFO from which map_kernel() has it; null where no word can change it.
    const char* direct_map_told = nullptr;
    /// May be null.
    std::span<const DirectMapLine> (*direct_map_lines)(const VmcoreInfo&) = nullptr;
    /// Where low memory alone is mapped: the variables that hold the end of that map, and how many pages it
    /// has.
    const char* direct_map_end = nullptr;
    const char* direct_map_pages = nullptr;
    /// Addresses below belong to user programs, and none at or above `user_end` does. Between the two it
    /// depends on how the kernel was built.
    std::uint64_t lowest_kernel_address = 0;
    std::uint64_t user_end = 0;
    /// Programs have a space of their own, and in the kernel's it has memory at address 0, too.
    bool uses_address_0 = false;
    /// Bits of pointers that hold tags, and functions that only kernels have which put some there. 0: none
    /// do.
    std::uint64_t tag_bits = 0;
    std::span<const char* const> taggers{};
    /// Code of the kernel lies at or above it: image, modules, generated code.
    std::uint64_t lowest_code_address = 0;
    /// Where the struct page of frame 0 lies or would lie, of `size` bytes each, where no variable named
    /// vmemmap_base holds it. `first`: the value of the variable `first_page_struct`, if there is one. May be
    /// null.
    std::optional<std::uint64_t> (*page_structs)(const VmcoreInfo&, std::optional<std::uint64_t> first,
                                                 std::uint64_t size) = nullptr;
    const char* first_page_struct = nullptr;
    /// SECTION_SIZE_BITS of kernels that do not tell it (before 5.8); 0 where it depended on how they were
    /// built.
    std::uint32_t section_bits = 0;
    /// Bytes of address space for vmalloc(), from the values of these variables (0: this kernel has it not);
    /// null where that is not known.
    std::span<const char* const> vmalloc_variables{};
    Result<std::uint64_t> (*vmalloc_bytes)(const PhysicalMemory&, const VmcoreInfo&,
                                           std::span<const std::uint64_t> values) = nullptr;
};

// --- where registers are found ---

struct Prstatus {
    std::int32_t pid = 0;  ///< of the task that the CPU was running
    Registers registers;
};

/// What a hypervisor wrote of a virtual CPU.
struct HypervisorCpu {
    Registers registers;
    /// What may be the CPU's per-CPU base, likelier first; 0 where nothing tells.
    std::array<std::uint64_t, 2> per_cpu_base{};
};

struct CpuNotes {
    /// Of NT_PRSTATUS, the part of struct elf_prstatus (include/linux/elfcore.h) that matters here.
    std::optional<Prstatus> (*prstatus)(Bytes desc, Endian) = nullptr;
    std::string_view hypervisor_name;  ///< of the hypervisor's note; empty where there is none
    std::optional<HypervisorCpu> (*hypervisor)(Bytes desc, Endian) = nullptr;
    /// An array of words: by Linux's number of a CPU, the one that the machine gives it. Null where they are
    /// the same.
    const char* machine_numbers = nullptr;
    /// Or a note behind each NT_PRSTATUS tells where in memory that CPU has pages of its own, and an array of
    /// pointers to the same tells by Linux's number of a CPU. 0: there is no such note.
    std::uint32_t prefix_note = 0;
    const char* prefixes = nullptr;
};

/// Registers on a kernel stack. `address`: where the frame lies.
struct ExceptionFrames {
    using Parse = std::optional<Registers> (*)(Bytes, Endian, std::uint64_t address);

    /// Of struct pt_regs, or of that part of it which every kernel has alike: the types tell the rest.
    std::uint32_t size = 0;
    Parse parse = nullptr;  ///< nothing where there are too few bytes
    /// What the CPU itself pushes, as long as an entry has not added the rest; 0 where there is no such
    /// thing.
    std::uint32_t pushed_size = 0;
    Parse parse_pushed = nullptr;
    /// The entry of exceptions, in whose frames RegisterFile::bytes_behind() holds: what others save in that
    /// place means something else.
    std::string_view exception_entry{};
};

/// Where one register of a task that does not run is kept: in a member of its task_struct, or in a member of
/// the struct that lies at its stack pointer.
struct SavedRegister {
    const char* in_task = nullptr;
    const char* in_frame = nullptr;
    std::uint32_t frame_offset = 0;  ///< where the types do not tell
};

/// Where every task goes on that does not run: behind the call of `callee` in the first of `callers` that
/// has one.
struct FixedReturn {
    const char* callee = nullptr;
    std::span<const char* const> callers;
};

/// What switch_to() leaves behind. Of several contexts the first holds whose type, whose member of the task
/// or whose call is there, else the first of all.
struct SavedContext {
    const char* frame_type = nullptr;  ///< of what lies at the stack pointer
    SavedRegister ip, fp;
    const FixedReturn* fixed_return = nullptr;  ///< in place of `ip`
    std::uint32_t frame_size = 0;               ///< of what lies at the stack pointer, if `ip` does not
    bool in_callers_frame = false;  ///< the word at the stack pointer leads to the frame that is meant
};

// --- stacks ---

/// What tells where a stack of a CPU lies: a per-CPU variable, or a member of one.
struct StackPlace {
    enum class Form : std::uint8_t {
        PointsToTop,  ///< to the end of the stack, or to the last word below
        PointsToBottom,
        Itself,
    };
    const char* variable = nullptr;
    const char* type = nullptr;    ///< of the variable; null for a plain pointer
    const char* member = nullptr;  ///< a path in it
    Form form = Form::PointsToTop;
    /// The variable is, or points to, an array by CPU of pointers to what is of the type.
    enum class ByCpu : std::uint8_t { No, Array, PointerToArray };
    ByCpu by_cpu = ByCpu::No;
};

/// A member of a struct that is a stack.
struct StackMember {
    const char* name = nullptr;
    StackKind kind = StackKind::Irq;
};

/// Stacks of one CPU, one behind the other, of which an array holds the ends.
struct StackEnds {
    const char* variable = nullptr;
    const char* type = nullptr;    ///< of the variable
    const char* member = nullptr;  ///< the array
    /// What the stacks are for. The order holds that has as many as there are ends that are not 0.
    std::span<const std::span<const StackKind>> orders;
    std::uint32_t smallest = 0;  ///< bytes of the smallest of them
};

/// One stack of each CPU, or several that are members of one struct.
struct CpuStack {
    const char* name = nullptr;  ///< "interrupt stack"; null: not worth a problem where it is not found
    std::span<const StackPlace> places;  ///< newest first: the first that this kernel has
    StackKind kind = StackKind::Irq;
    const char* size_type = nullptr;  ///< as large as a struct of this name
    bool needs_size = false;          ///< else: as large as any, where that struct is unknown
    /// Where `members` has any, `places` point to the start of a struct of this type.
    const char* set_type = nullptr;
    std::span<const StackMember> members{};
    const StackEnds* ends = nullptr;  ///< what kernels without that struct have
    std::uint64_t size = 0;           ///< where it is the same on every kernel
};

struct StackLayout {
    std::uint64_t default_size = 0;  ///< of a task's and of a CPU's stack
    std::span<const CpuStack> cpu;
};

// --- code ---

/// What a call instruction looks like. The functions are given the bytes right before a return address.
struct CallSites {
    std::uint32_t longest = 0;  ///< bytes, at most 8
    bool (*ends_in_call)(Bytes before, Endian) = nullptr;
    /// Of a call that names its target.
    std::uint32_t direct_size = 0;
    std::optional<std::uint64_t> (*direct_target)(Bytes call, Endian, std::uint64_t return_address) = nullptr;
    /// Whether the instructions of a function at `start` call or jump to `target` by name. May be null.
    bool (*reaches)(Bytes code, Endian, std::uint64_t start, std::uint64_t target) = nullptr;
    /// A call may lead behind the first so many bytes of a function, which set up what its caller has set up.
    std::uint32_t local_entry = 0;
};

/// A word that an entry leaves in its frame, `at` so many bytes from its start, to say that registers lie
/// behind.
struct RegistersMark {
    std::uint32_t at = 0;
    std::uint64_t word = 0;
    std::uint32_t registers = 0;  ///< where in the frame they lie
};

/// What a frame pointer points at, in bytes from there.
struct FramePointers {
    std::int64_t caller = 0;          ///< the caller's frame pointer
    std::int64_t return_address = 0;  ///< where the caller goes on
    /// An entry sets the frame pointer to a struct pt_regs and marks that: where these bits of it are `mark`,
    /// the address is the one with the bits inverted.
    std::uint64_t mark_bits = 0, mark = 0;
    /// Or an entry puts a frame of its own into the struct pt_regs, in this member; null where it does not.
    const char* in_registers = nullptr;
    /// Or frames are chained by the stack pointer: a function keeps its return address in its caller's frame,
    /// which has room of so many bytes for that. 0 where they are not.
    std::uint32_t frame_size = 0;
    /// By which the frames of those that an entry made are known. Empty where each begins a chain, and
    /// registers follow it.
    std::span<const RegistersMark> marks{};

    std::uint64_t caller_at(std::uint64_t fp) const { return fp + static_cast<std::uint64_t>(caller); }
    std::uint64_t return_address_at(std::uint64_t fp) const {
        return fp + static_cast<std::uint64_t>(return_address);
    }
    bool marks_registers(std::uint64_t fp) const { return mark_bits != 0 && (fp & mark_bits) == mark; }
    std::uint64_t registers_at(std::uint64_t fp) const { return fp ^ mark_bits; }
};

/// Return addresses that carry a signature in bits which an address does not need.
struct SignedAddresses {
    /// Those bits; 0 where this kernel signs none.
    std::uint64_t (*bits)(const VmcoreInfo&) = nullptr;
    /// A word without its signature, if it has one.
    std::uint64_t (*strip)(std::uint64_t word, std::uint64_t bits) = nullptr;
};

struct CodeFacts {
    CallSites calls;
    FramePointers frame_pointers;
    /// Empty where the kernel has no ORC tables. Nothing but the tables of a kernel tells which holds.
    std::span<const OrcNumbering> orc_numberings{};
    const char* orc_fp_member = nullptr;  ///< of struct orc_entry: from where the frame pointer is restored
    /// Functions where CPUs come to rest after their registers were saved: the one that loads the crash
    /// kernel, and those that it stops.
    std::span<const char* const> resting;
    /// Whether a function has a frame, told by its instructions so far. As long as it has none, the return
    /// address is where the call left it: in a register (RegisterFile::link), or at the stack pointer.
    bool (*has_frame)(Bytes code, Endian) = nullptr;
    /// Whether the frame holds the return address by then. Null where every frame does: else the place of one
    /// that does not holds the caller's frame pointer alone.
    bool (*keeps_link)(Bytes code, Endian) = nullptr;
    SignedAddresses signed_addresses{};
    /// Where the data lies that the function at `start` reads, writes or hands on, as far as its instructions
    /// tell. May be null.
    std::vector<std::uint64_t> (*data_places)(Bytes code, std::uint64_t start) = nullptr;
};

// --- faults and the machine, in the kernel's own words ---

/// A function that is on the stack of a kernel that died of an exception, and how the report of that begins.
struct FaultEntry {
    std::string_view function;
    const char* headline = nullptr;  ///< null: a page fault
};

/// What RegisterFile::cause says of an exception, and how its report begins: handlers that are jumped to, or
/// that jump themselves, are not on the stack.
struct FaultCause {
    std::string_view cause;
    const char* headline = nullptr;  ///< null: a page fault
};

struct FaultWords {
    std::span<const FaultEntry> entries;
    std::span<const FaultCause> causes{};
    std::string (*page_fault)(std::optional<std::uint64_t> address) = nullptr;
    std::string_view interrupted_at;      ///< what precedes the place in an oops: "pc : "
    const char* fault_address = nullptr;  ///< the member of task_struct that remembers a page fault's
    std::optional<std::uint8_t> fault_register{};  ///< or what an entry saves beside the CPU's registers
    /// Traces name a return address by the function in which it lies: behind a last call that is the next.
    bool plain_return_addresses = false;
};

/// A member of a global variable.
struct VariablePlace {
    const char* variable = nullptr;  ///< null: this architecture has no such thing
    const char* type = nullptr;
    const char* member = nullptr;
};

/// The table that tells the CPU who serves its exceptions and interrupts.
struct VectorTable {
    const char* variable = nullptr;  ///< null: this architecture has no such table
    std::uint32_t vectors = 0, entry_bytes = 0;
    std::uint64_t (*handler)(Bytes entry, Endian) = nullptr;
};

struct HardwareFacts {
    VariablePlace cpu_model;
    const char* cpu_khz = nullptr;  ///< a variable
    const char* hypervisor = nullptr;
    std::span<const std::string_view> hypervisors;  ///< by the number in that variable
    /// An array of 32-bit words of CPU features, and the one that says: a virtual machine.
    VariablePlace cpu_features;
    std::uint32_t virtual_word = 0, virtual_bit = 0;
};

struct Arch {
    std::string_view name;  ///< "x86_64"
    std::uint16_t elf_machine = 0;
    std::uint8_t word_size = 8;
    bool plain_char_is_signed = false;  ///< until 6.2, which says -funsigned-char (3bc753c06dd0)
    /// Whether VMCOREINFO gives the machine away where the dump's header does not (QEMU since 8.1 calls it
    /// "Unknown"); may be null.
    bool (*recognises)(const VmcoreInfo&) = nullptr;

    MemoryLayout memory;
    const RegisterFile* registers = nullptr;
    CpuNotes notes;
    ExceptionFrames frames;
    const char* saved_sp = nullptr;  ///< the member of task_struct that keeps it while the task does not run
    std::span<const SavedContext> switched_out;
    StackLayout stacks;
    CodeFacts code;
    FaultWords faults;
    HardwareFacts hardware{};
    VectorTable vectors{};
    /// Of code whose bytes are in that order. Null, or makes null, where no disassembler is at hand.
    std::unique_ptr<Disassembler> (*disassembler)(Endian order) = nullptr;
};

}  // namespace postmortem
