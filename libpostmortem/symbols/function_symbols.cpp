#include "symbols/function_symbols.h"

#include <algorithm>

namespace postmortem {
namespace {

constexpr std::uint64_t most_image_bytes = 1ull << 30;

bool lies_below(const Symbol& one, const Symbol& other) {
    return one.address < other.address;
}

}  // namespace

// What scripts/kallsyms.c takes for code: two ranges, with the marks at their ends.
FunctionSymbols::FunctionSymbols(std::unique_ptr<SymbolTable> functions, std::vector<Symbol> others)
    : functions_(std::move(functions)), data_by_name_("", {}) {
    for (const auto& range : {between("_stext", "_etext"), between("_sinittext", "_einittext")})
        if (range) code_.push_back(*range);
    if (code_.empty()) code_.push_back(around_functions());
    std::erase_if(others, [this](const Symbol& other) { return is_code(other.address); });
    std::stable_sort(others.begin(), others.end(), lies_below);
    data_ = std::move(others);
    data_by_name_ = SymbolList("", data_);
}

std::optional<FunctionSymbols::Bounds> FunctionSymbols::between(std::string_view start,
                                                                std::string_view end) const {
    const auto first = functions_->address_of(start), last = functions_->address_of(end);
    return first && last && *first <= *last ? std::optional(Bounds{*first, *last}) : std::nullopt;
}

FunctionSymbols::Bounds FunctionSymbols::around_functions() const {
    Bounds all{~std::uint64_t{0}, 0};
    (void)functions_->for_each([&](const Symbol& function) {
        all = {std::min(all.start, function.address), std::max(all.end, function.address)};
        return true;
    });
    return all;
}

bool FunctionSymbols::is_code(std::uint64_t address) const {
    return std::any_of(code_.begin(), code_.end(), [&](const Bounds& part) { return part.hold(address); });
}

// From its code on, as far as anything in it has a name.
FunctionSymbols::Bounds FunctionSymbols::image() const {
    Bounds image = code_.front();
    for (const Bounds& part : code_) image.end = std::max(image.end, part.end);
    for (const Symbol& data : data_)
        if (data.address >= image.start && data.address - image.start < most_image_bytes)
            image.end = std::max(image.end, data.address);
    return image;
}

Result<std::uint64_t> FunctionSymbols::address_of(std::string_view name) const {
    auto function = functions_->address_of(name);
    if (function || function.error().code != ErrorCode::NotFound) return function;
    return data_by_name_.address_of(name);
}

Result<SymbolHit> FunctionSymbols::containing(std::uint64_t address) const {
    if (is_code(address)) return functions_->containing(address);
    const auto named = std::lower_bound(data_.begin(), data_.end(), Symbol{{}, address}, lies_below);
    if (named != data_.end() && named->address == address) return SymbolHit{*named, 0, {}};
    return fail(image().hold(address) ? ErrorCode::MissingDebugInfo : ErrorCode::NotFound,
                "no function covers the address, and the kernel's own symbols are functions alone", address);
}

Result<void> FunctionSymbols::for_each(const std::function<bool(const Symbol&)>& visit) const {
    auto next = data_.begin();
    bool wanted = true;
    const auto visit_data_below = [&](std::uint64_t end) {
        for (; wanted && next != data_.end() && next->address < end; ++next) wanted = visit(*next);
    };
    auto read = functions_->for_each([&](const Symbol& function) {
        visit_data_below(function.address);
        return wanted && (wanted = visit(function));
    });
    if (!read) return read;
    visit_data_below(~std::uint64_t{0});
    return {};
}

}  // namespace postmortem
