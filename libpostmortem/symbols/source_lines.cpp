#include "symbols/source_lines.h"

#include <mutex>
#include <string_view>
#include <unordered_map>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>

#include "symbols/dwarf_file.h"
#include "symbols/unit_finder.h"

namespace postmortem {
namespace {

constexpr unsigned max_depth = 256;
constexpr std::size_t max_remembered = 1 << 16;

/// What a compile unit tells about code, read when an address first leads to it.
struct UnitCode {
    Dwarf_Die root{};
    CodeRanges functions;
    Dwarf_Files* files = nullptr;
    std::string folder;  // that the unit was compiled in
};

// The entry's own attribute, or that of the function that it is an instance of.
std::optional<Dwarf_Attribute> inherited(Dwarf_Die& die, unsigned name) {
    Dwarf_Attribute attribute;
    if (::dwarf_attr_integrate(&die, name, &attribute) == nullptr) return std::nullopt;
    return attribute;
}

std::string function_name(Dwarf_Die& die) {
    auto attribute = inherited(die, DW_AT_name);
    const char* name = attribute ? ::dwarf_formstring(&*attribute) : nullptr;
    return name != nullptr ? name : "";
}

unsigned number_of(Dwarf_Die& die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (::dwarf_attr(&die, name, &attribute) == nullptr || ::dwarf_formudata(&attribute, &value) != 0)
        return 0;
    return static_cast<unsigned>(value);
}

bool may_hold_functions(int tag) {
    switch (tag) {
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type:
        case DW_TAG_enumeration_type: return true;
        default: return false;
    }
}

// Calls `visit` for each child until it returns false; never backwards, whatever the siblings say.
template <class Visit>
void for_each_child(Dwarf_Die& parent, Visit visit) {
    Dwarf_Die child;
    Dwarf_Off last = 0;
    for (int more = ::dwarf_child(&parent, &child); more == 0; more = ::dwarf_siblingof(&child, &child)) {
        const Dwarf_Off offset = ::dwarf_dieoffset(&child);
        if (offset <= last || !visit(child)) return;
        last = offset;
    }
}

class DwarfSourceLines final : public SourceLines {
  public:
    explicit DwarfSourceLines(const DwarfFile& dwarf) : dwarf_(&dwarf), units_(dwarf.get()) {}

    Result<std::vector<SourceFrame>> at(std::uint64_t address) const override;

  private:
    using Frames = Result<std::vector<SourceFrame>>;

    Frames look_up(std::uint64_t address) const;
    UnitCode& code_of(const Dwarf_Die& unit) const;
    void add_functions(Dwarf_Die& parent, bool nested, unsigned depth, CodeRanges& functions) const;
    bool add_inlined(Dwarf_Die& scope, std::uint64_t address, unsigned depth,
                     std::vector<Dwarf_Die>& chain) const;

    const DwarfFile* dwarf_;
    mutable UnitFinder units_;
    mutable std::unordered_map<Dwarf_Off, UnitCode> code_;
    mutable std::unordered_map<std::uint64_t, Frames> known_;
};

// C keeps all functions at the top; C++ and Rust have them in namespaces and types as well.
void DwarfSourceLines::add_functions(Dwarf_Die& parent, bool nested, unsigned depth,
                                     CodeRanges& functions) const {
    if (depth == 0) return;
    for_each_child(parent, [&](Dwarf_Die& child) {
        const int tag = ::dwarf_tag(&child);
        if (tag == DW_TAG_subprogram)
            functions.add(child);
        else if (nested && may_hold_functions(tag))
            add_functions(child, nested, depth - 1, functions);
        return true;
    });
}

UnitCode& DwarfSourceLines::code_of(const Dwarf_Die& unit) const {
    Dwarf_Die root = unit;
    const auto [at, is_new] = code_.try_emplace(::dwarf_dieoffset(&root));
    UnitCode& code = at->second;
    if (!is_new) return code;
    code.root = root;
    const int language = ::dwarf_srclang(&root);
    const bool c = language == DW_LANG_C || language == DW_LANG_C89 || language == DW_LANG_C99 ||
                   language == DW_LANG_C11;
    add_functions(root, !c, max_depth, code.functions);
    code.functions.finish();
    Dwarf_Attribute attribute;
    const char* folder = ::dwarf_formstring(::dwarf_attr(&root, DW_AT_comp_dir, &attribute));
    if (folder != nullptr && *folder != '\0') code.folder = std::string(folder) + "/";
    std::size_t count = 0;
    if (::dwarf_getsrcfiles(&root, &code.files, &count) != 0) code.files = nullptr;
    return code;
}

// Appends the inlined calls around an address, the outermost first.
bool DwarfSourceLines::add_inlined(Dwarf_Die& scope, std::uint64_t address, unsigned depth,
                                   std::vector<Dwarf_Die>& chain) const {
    bool found = false;
    if (depth == 0) return found;
    for_each_child(scope, [&](Dwarf_Die& child) {
        const int tag = ::dwarf_tag(&child);
        const bool inlined = tag == DW_TAG_inlined_subroutine;
        if (!inlined && tag != DW_TAG_lexical_block) return true;
        if (::dwarf_haspc(&child, address) <= 0) return true;
        if (inlined) chain.push_back(child);
        found = add_inlined(child, address, depth - 1, chain) || inlined;
        return !found;
    });
    return found;
}

// libdw joins names with the folder of the build only where that is absolute; since reproducible builds it
// may be relative.
std::string joined(const UnitCode& code, const char* name) {
    if (name == nullptr) return {};
    const bool complete = *name == '/' || std::string_view(name).starts_with(code.folder);
    return complete ? std::string(name) : code.folder + name;
}

std::string file_name(const UnitCode& code, unsigned index) {
    if (code.files == nullptr) return {};
    return joined(code, ::dwarf_filesrc(code.files, index, nullptr, nullptr));
}

DwarfSourceLines::Frames DwarfSourceLines::look_up(std::uint64_t address) const {
    const auto unit = units_.find(address);
    if (!unit)
        return fail(ErrorCode::NotFound, fmt::format("no source line is known in {}", dwarf_->file().path()),
                    address);
    UnitCode& code = code_of(*unit);

    std::vector<Dwarf_Die> chain;
    if (const Dwarf_Die* function = code.functions.find(address)) {
        chain.push_back(*function);
        Dwarf_Die scope = *function;
        add_inlined(scope, address, max_depth, chain);
    }
    SourceFrame place;
    if (Dwarf_Line* line = ::dwarf_getsrc_die(&code.root, address)) {
        int number = 0;
        if (::dwarf_lineno(line, &number) == 0 && number > 0) place.line = static_cast<unsigned>(number);
        place.file = joined(code, ::dwarf_linesrc(line, nullptr, nullptr));
    }
    if (chain.empty() && place.file.empty())
        return fail(ErrorCode::NotFound, fmt::format("no source line is known in {}", dwarf_->file().path()),
                    address);

    std::vector<SourceFrame> frames;
    for (; !chain.empty(); chain.pop_back()) {
        Dwarf_Die& function = chain.back();
        place.function = function_name(function);
        place.is_inlined = chain.size() > 1;
        frames.push_back(std::move(place));
        place = {};
        if (chain.size() == 1) break;
        place.file = file_name(code, number_of(function, DW_AT_call_file));
        place.line = number_of(function, DW_AT_call_line);
    }
    if (frames.empty()) frames.push_back(std::move(place));
    return frames;
}

Result<std::vector<SourceFrame>> DwarfSourceLines::at(std::uint64_t address) const {
    const std::lock_guard guard(dwarf_->lock());
    if (const auto known = known_.find(address); known != known_.end()) return known->second;
    if (known_.size() >= max_remembered) known_.clear();
    return known_.emplace(address, look_up(address)).first->second;
}

}  // namespace

Result<std::unique_ptr<SourceLines>> SourceLines::open(const Vmlinux& vmlinux) {
    auto dwarf = vmlinux.dwarf();
    if (!dwarf) return fail(std::move(dwarf.error()));
    return std::make_unique<DwarfSourceLines>(**dwarf);
}

}  // namespace postmortem
