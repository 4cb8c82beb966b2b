#include "support/kallsyms_builder.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/checked.h"

namespace postmortem::test {
namespace {

constexpr std::uint32_t names_per_marker = 256;

/// Characters stand for themselves; codes that no name uses stand for longer pieces.
std::array<std::string, 256> make_tokens() {
    constexpr std::array<std::string_view, 8> pieces = {
        "__", "sys_", "init", "_read", "per_cpu_", "lock", "trace_event_raw_", "e_"};
    std::array<std::string, 256> tokens;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const bool used_in_names = i >= '.' && i <= 'z';
        tokens[i] = used_in_names ? std::string(1, static_cast<char>(i)) : std::string(pieces[i % 8]);
    }
    return tokens;
}

std::vector<std::uint8_t> compress(std::string_view text, const std::array<std::string, 256>& tokens) {
    std::vector<std::uint8_t> codes;
    while (!text.empty()) {
        std::size_t best = static_cast<unsigned char>(text.front());
        for (std::size_t i = 0; i < tokens.size(); ++i)
            if (tokens[i].size() > tokens[best].size() && text.starts_with(tokens[i])) best = i;
        codes.push_back(static_cast<std::uint8_t>(best));
        text.remove_prefix(tokens[best].size());
    }
    return codes;
}

class Writer {
  public:
    Writer(SparseMemory& memory, std::uint64_t start, const std::vector<Symbol>& symbols,
           const KallsymsShape& shape)
        : memory_(memory), at_(start), symbols_(symbols), shape_(shape), tokens_(make_tokens()) {}

    KallsymsImage run() {
        if (!shape_.addresses_last) write_addresses();
        image_.location.num_syms = here();
        const auto count =
            static_cast<std::uint64_t>(shape_.symbols_claimed ? shape_.symbols_claimed : symbols_.size());
        number(count, shape_.number_bytes);
        write_names();
        if (shape_.name_order && !shape_.addresses_last) write_name_order();
        write_tokens();
        if (shape_.addresses_last) write_addresses();
        if (shape_.name_order && shape_.addresses_last) write_name_order();
        image_.location.marker_size = shape_.number_bytes;
        image_.location.word_size = shape_.word_bytes;
        image_.last = here();
        return image_;
    }

  private:
    std::uint64_t here() { return at_ = align_up(at_, shape_.alignment); }

    void number(std::uint64_t value, std::uint32_t bytes) {
        if (bytes == 8) memory_.put<std::uint64_t>(at_, value);
        if (bytes == 4) memory_.put<std::uint32_t>(at_, static_cast<std::uint32_t>(value));
        if (bytes == 2) memory_.put<std::uint16_t>(at_, static_cast<std::uint16_t>(value));
        if (bytes == 1) memory_.put<std::uint8_t>(at_, static_cast<std::uint8_t>(value));
        at_ += bytes;
    }

    bool percpu(const Symbol& symbol) const { return symbol.address >> (8 * shape_.word_bytes - 1) == 0; }

    void write_addresses() {
        const bool absolute = shape_.addresses == KallsymsAddresses::Absolute;
        (absolute ? image_.location.addresses : image_.location.offsets) = here();
        std::uint64_t base = ~0ull;
        for (const Symbol& symbol : symbols_)
            if (!percpu(symbol)) base = std::min(base, symbol.address);
        for (const Symbol& symbol : symbols_) {
            switch (shape_.addresses) {
                case KallsymsAddresses::Absolute: number(symbol.address, shape_.word_bytes); break;
                case KallsymsAddresses::FromBase: number(symbol.address - base, 4); break;
                case KallsymsAddresses::RelativeToItself: number(symbol.address - at_, 4); break;
                case KallsymsAddresses::AbsolutePercpu:
                    number(percpu(symbol) ? symbol.address : base - 1 - symbol.address, 4);
            }
        }
        if (absolute || shape_.addresses == KallsymsAddresses::RelativeToItself) return;
        image_.location.relative_base = here();
        number(base, shape_.word_bytes);
    }

    void write_names() {
        image_.location.names = here();
        std::vector<std::uint64_t> markers;
        for (std::size_t i = 0; i < symbols_.size(); ++i) {
            if (i % names_per_marker == 0) markers.push_back(at_ - image_.location.names);
            const auto codes = compress(symbols_[i].type + symbols_[i].name, tokens_);
            if (codes.size() < 0x80) {
                number(codes.size(), 1);
            } else {
                number((codes.size() & 0x7f) | 0x80, 1);
                number(codes.size() >> 7, 1);
            }
            for (const std::uint8_t code : codes) number(code, 1);
        }
        image_.location.markers = here();
        for (const std::uint64_t marker : markers) number(marker, shape_.number_bytes);
    }

    void write_name_order() {
        image_.name_order = here();
        std::vector<std::uint32_t> order(symbols_.size());
        std::iota(order.begin(), order.end(), 0u);
        std::stable_sort(order.begin(), order.end(),
                         [&](auto a, auto b) { return symbols_[a].name < symbols_[b].name; });
        for (const std::uint32_t index : order)
            for (const unsigned shift : {16u, 8u, 0u}) number(index >> shift & 0xff, 1);
    }

    void write_tokens() {
        image_.location.token_table = here();
        std::vector<std::uint64_t> starts;
        for (const std::string& token : tokens_) {
            starts.push_back(at_ - image_.location.token_table);
            for (const char c : token) number(static_cast<std::uint8_t>(c), 1);
            number(0, 1);
        }
        image_.location.token_index = here();
        for (const std::uint64_t start : starts) number(start, 2);
    }

    SparseMemory& memory_;
    std::uint64_t at_;
    const std::vector<Symbol>& symbols_;
    const KallsymsShape& shape_;
    std::array<std::string, 256> tokens_;
    KallsymsImage image_;
};

}  // namespace

KallsymsImage write_kallsyms(SparseMemory& memory, std::uint64_t start, const std::vector<Symbol>& symbols,
                             const KallsymsShape& shape) {
    return Writer(memory, start, symbols, shape).run();
}

}  // namespace postmortem::test
