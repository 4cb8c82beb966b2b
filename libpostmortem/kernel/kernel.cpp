#include "kernel/kernel.h"

#include <algorithm>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

#include "arch/registry.h"
#include "dump/find_vmcoreinfo.h"
#include "dump/open/folder.h"
#include "dump/pages/reframed_dump.h"
#include "kernel/build_of.h"
#include "kernel/carried_notes.h"
#include "kernel/image_place.h"
#include "kernel/layout/infer_layout.h"
#include "kernel/memory_form.h"
#include "kernel/module/modules.h"
#include "kernel/translation.h"
#include "kernel/unnamed_variables.h"
#include "symbols/vmlinux.h"
#include "types/btf.h"
#include "types/find_type_file.h"
#include "types/variable_types.h"
#include "types/vmlinux_types.h"

namespace postmortem {
namespace {

constexpr std::uint64_t max_btf_bytes = 64ull << 20;

/// QEMU adds the note only if the guest's fw_cfg driver told it where the text lies.
std::string_view how_to_get_vmcoreinfo(const DumpFile& dump) {
    const auto& notes = dump.notes();
    const bool by_qemu =
        std::any_of(notes.begin(), notes.end(), [](const Note& note) { return note.name == "QEMU"; });
    return by_qemu
               ? "QEMU took it: the virtual machine needs a vmcoreinfo device, and the guest the module "
                 "qemu_fw_cfg, which fills it; one of them was missing, or the guest had not come as far: a "
                 "kernel writes VMCOREINFO in the course of its start"
               : "take it with kdump, or give the virtual machine a vmcoreinfo device, and its guest the "
                 "module qemu_fw_cfg";
}

// kexec's note of a Xen host's crash, and makedumpfile's (XEN_ELFNOTE_CRASH_INFO, VMCOREINFO_XEN).
bool is_of_xen_host(const DumpFile& dump) {
    constexpr std::uint32_t crash_info = 0x1000001;
    const auto& notes = dump.notes();
    return std::any_of(notes.begin(), notes.end(), [](const Note& note) {
        return note.name == "VMCOREINFO_XEN" || (note.name == "Xen" && note.type == crash_info);
    });
}

}  // namespace

Kernel::Kernel(std::filesystem::path path, std::unique_ptr<DumpFile> dump, KernelOptions options)
    : path_(std::move(path)),
      dump_(std::move(dump)),
      options_(std::move(options)),
      vmcoreinfo_(dump_->vmcoreinfo()),
      physical_(std::make_unique<PhysicalMemory>(*dump_)) {}

Kernel::~Kernel() = default;

Result<std::unique_ptr<Kernel>> Kernel::open(const std::filesystem::path& path,
                                             const KernelOptions& options) {
    auto dump = open_dump(path, options.dump);
    if (!dump) return fail(std::move(dump.error()));
    std::unique_ptr<Kernel> kernel(new Kernel(path, std::move(*dump), options));
    if (options.record_touched_pages) kernel->physical_->record_touched_pages();
    auto memory =
        kernel->vmcoreinfo_.empty() ? kernel->open_by_memory() : kernel->open_by_note(kernel->vmcoreinfo_);
    if (!memory) {
        memory.error().message = fmt::format("{}: {}", path.string(), memory.error().message);
        return fail(std::move(memory.error()));
    }
    kernel->memory_ = std::move(*memory);
    if (auto fit = kernel->check_given_files(); !fit) return fail(std::move(fit.error()));
    return kernel;
}

// Where VMCOREINFO has no build-id, only memory can tell whether they are of this build.
Result<void> Kernel::check_given_files() const {
    if (options_.vmlinux) {
        const auto given = vmlinux();
        if (!given) return fail(given.error());
        if (!vmcoreinfo_.string("BUILD-ID"))
            if (auto differs = how_it_differs((*given)->path().string(), (*given)->build(), build()))
                return fail(ErrorCode::InvalidArgument, std::move(*differs));
    }
    std::error_code unknown;
    if (const auto& types = options_.types.given;
        !types.empty() && !std::filesystem::is_directory(types, unknown)) {
        if (auto file = read_type_file(types, build()); !file) return fail(std::move(file.error()));
    }
    return {};
}

Result<std::unique_ptr<AddressSpace>> Kernel::open_by_note(const VmcoreInfo& info) {
    auto arch = find_arch(*dump_, info);
    if (!arch) return fail(std::move(arch.error()));
    arch_ = *arch;
    if (is_of_xen_host(*dump_))
        return fail(
            ErrorCode::Unsupported,
            "the dump is of a Xen host: what its kernel takes for addresses of memory only the hypervisor "
            "can tell, which is not read; crash reads it");
    if (const auto form = other_memory_form(*arch_, *physical_, info)) {
        physical_.reset();
        dump_ = reframed_dump(std::move(dump_), form->page_size, form->endian);
        physical_ = std::make_unique<PhysicalMemory>(*dump_);
        if (options_.record_touched_pages) physical_->record_touched_pages();
    }
    auto memory = open_kernel_memory(*arch_, *physical_, info);
    if (!memory) return memory;
    if (auto fits = check_image_place(**memory, info); !fits) return fail(std::move(fits.error()));
    if (!(*memory)->no_tables() || options_.without_tables) return memory;
    Error refusal = *(*memory)->no_tables();
    refusal.message += " (`postmortem log` reads its log all the same)";
    return fail(std::move(refusal));
}

// Without the note, the kernel's own copy of VMCOREINFO is looked for. One that fits leads to a kernel of the
// release that it names.
Result<std::unique_ptr<AddressSpace>> Kernel::open_by_memory() {
    std::optional<Error> why;
    for (MemoryVmcoreInfo& found : find_vmcoreinfo(*dump_)) {
        const VmcoreInfo info(found.text);
        auto memory = open_by_note(info);
        if (!memory) {
            if (!why) why = std::move(memory.error());
            continue;
        }
        if (!shows_kernel(**memory, info)) continue;
        vmcoreinfo_ = info;
        return memory;
    }
    if (why) return fail(std::move(*why));
    // What a damaged file does not show may have been there.
    for (const Error& problem : dump_->problems())
        if (problem.code == ErrorCode::PageMissing || problem.code == ErrorCode::Corrupt)
            return fail(problem.code,
                        fmt::format("nothing that could be read of it tells where its kernel lies: {}",
                                    problem.message));
    return fail(
        ErrorCode::MissingDebugInfo,
        fmt::format("the dump carries no VMCOREINFO, and none that fits lies in its memory, so nothing tells "
                    "where its kernel lies; {} (`postmortem rd -p` reads its physical memory all the same)",
                    how_to_get_vmcoreinfo(*dump_)));
}

Result<std::unique_ptr<Vmlinux>> Kernel::attached_vmlinux(const std::optional<std::string>& build_id) const {
    Error why{ErrorCode::NotFound, "no vmlinux came with the dump"};
    for (const Attachment& file : dump_->attachments()) {
        auto found = Vmlinux::open(file, build_id);
        if (found) return found;
        if (found.error().code == ErrorCode::Io) why = std::move(found.error());
    }
    return fail(std::move(why));
}

Result<std::unique_ptr<TypeFinder>> Kernel::btf_in_dump() const {
    if (!options_.types.btf)
        return fail(ErrorCode::MissingDebugInfo, "the BTF in the dump is not to be used");
    const auto first = symbol("__start_BTF"), last = symbol("__stop_BTF");
    if (!first || !last)
        return fail(
            ErrorCode::MissingDebugInfo,
            fmt::format("the dump holds no BTF ({})", first ? last.error().message : first.error().message));
    if (*last <= *first || *last - *first > max_btf_bytes)
        return fail(ErrorCode::Corrupt, "the BTF in the dump has an impossible size");
    if (const auto start = memory_->u32(*first); !start)
        return fail(start.error().code,
                    fmt::format("the BTF in the dump cannot be read: {}", start.error().message), *first);
    ByteBuffer bytes(*last - *first);
    const LossesHandled a_hole_costs_the_types_in_it;
    const std::size_t lost = memory_->read_large(*first, bytes, btf_hole);
    return open_btf(std::move(bytes), "BTF", lost, arch().plain_char_is_signed);
}

Result<std::unique_ptr<TypeFinder>> Kernel::types_of_vmlinux() const {
    const auto file = vmlinux();
    if (!file) return fail(file.error());
    if (options_.types.whole) return open_whole_vmlinux_types(**file, arch().plain_char_is_signed);
    return open_vmlinux_types(**file, build(), options_.types.keep, arch().plain_char_is_signed);
}

Result<std::unique_ptr<TypeFinder>> Kernel::types_of_file() const {
    if (!options_.types.files) return fail(ErrorCode::NotFound, "type files are not to be used");
    auto carried = types_in_note(*dump_, build());
    if (carried) return carried;
    TypeFileQuery query;
    query.build = build();
    query.given = options_.types.given;
    query.beside = folder();
    auto found = find_type_file(query);
    if (!found)
        return fail(std::move(carried.error().code != ErrorCode::NotFound ? carried.error() : found.error()));
    return open_type_file(std::move(found->file), fmt::format("type file {}", found->path.string()));
}

std::unique_ptr<TypeFinder> Kernel::load_types() const {
    auto in_dump = btf_in_dump();
    if (in_dump && !(*in_dump)->damage()) return std::move(*in_dump);
    types_are_from_file_ = true;
    if (options_.types.whole)
        if (auto whole = types_of_vmlinux(); whole && !(*whole)->damage()) return std::move(*whole);
    auto in_type_file = types_of_file();
    if (in_type_file && !(*in_type_file)->damage()) return std::move(*in_type_file);
    auto in_file = types_of_vmlinux();
    if (in_file) return std::move(*in_file);
    if (in_type_file) return std::move(*in_type_file);
    types_are_from_file_ = false;
    if (in_dump) return std::move(*in_dump);

    std::string why = in_dump.error().message;
    if (in_type_file.error().code != ErrorCode::NotFound)
        why += fmt::format("; {}", in_type_file.error().message);
    else if (!options_.types.given.empty())
        why += fmt::format("; no type file of this kernel is in {}", options_.types.given.string());
    if (options_.vmlinux || in_file.error().code != ErrorCode::NotFound)
        why += fmt::format("; {}", in_file.error().message);
    why += "; " + vmlinux_install_hint(release());
    Error missing(ErrorCode::MissingDebugInfo, std::move(why));
    auto inferred = infer_types(*this, missing);
    if (inferred) return std::move(*inferred);
    missing.message += fmt::format("; the layout could not be inferred: {}", inferred.error().message);
    return make_empty_type_finder(std::move(missing));
}

const TypeFinder& Kernel::types() const {
    const std::lock_guard guard(lock_);
    if (!types_) {
        types_are_loading_ = true;
        types_ = load_types();
        types_are_loading_ = false;
    }
    return *types_;
}

const TypeFinder& Kernel::types_and_variables() const {
    const std::lock_guard guard(lock_);
    if (!options_.types.whole || types().has_variables()) return types();
    if (!types_and_variables_)
        types_and_variables_ = with_variables_of_vmlinux(types(), [this] { return vmlinux(); });
    return *types_and_variables_;
}

const ModuleList& Kernel::modules() const {
    const std::lock_guard guard(lock_);
    if (!modules_) modules_ = ModuleList::read(*this);
    return *modules_;
}

Result<SymbolHit> Kernel::symbol_at(std::uint64_t address) const {
    return modules().find(address) ? modules().symbol_at(address) : symbol_of_image(address);
}

KernelBuild Kernel::build() const {
    return build_of(*this);
}

std::filesystem::path Kernel::folder() const {
    return folder_of(path_);
}

Result<const Vmlinux*> Kernel::vmlinux() const {
    const std::lock_guard guard(lock_);
    if (!vmlinux_) {
        std::optional<std::string> build_id;
        if (const auto id = vmcoreinfo_.string("BUILD-ID")) build_id = std::string(*id);
        if (options_.vmlinux) {
            vmlinux_ = Vmlinux::open(*options_.vmlinux, build_id);
        } else if (options_.search_vmlinux) {
            VmlinuxQuery query;
            query.build_id = build_id.value_or("");
            query.release = release();
            query.beside = folder();
            vmlinux_ = attached_vmlinux(build_id);
            if (!*vmlinux_) {
                // Where there was no room to unpack the one that came with the dump, that is the reason.
                auto found = find_vmlinux(query);
                if (found || vmlinux_->error().code != ErrorCode::Io) vmlinux_ = std::move(found);
            }
        } else {
            vmlinux_ = fail(ErrorCode::NotFound, "no vmlinux was given");
        }
    }
    if (!*vmlinux_) return fail(vmlinux_->error());
    return vmlinux_->value().get();
}

Object Kernel::variable(std::string_view name, TypeKind kind, std::string_view type_name) const {
    auto address = symbol(name);
    if (!address) return {*memory_, types(), std::move(address.error())};
    auto type = types().find(kind, type_name);
    if (!type) return {*memory_, types(), std::move(type.error())};
    return {*memory_, types(), *type, *address};
}

Object Kernel::object(std::string_view struct_name, std::uint64_t address) const {
    auto type = types().find_struct(struct_name);
    if (!type) return {*memory_, types(), std::move(type.error())};
    return {*memory_, types(), *type, address};
}

}  // namespace postmortem
