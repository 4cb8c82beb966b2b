#include "log/match/regex.h"

#include "log/text/cursor.h"

namespace postmortem {
namespace {

bool is_word_character(char c) {
    return is_alpha(c) || is_digit(c) || c == '_';
}

bool at_word_edge(std::string_view text, std::size_t position) {
    const bool before = position > 0 && is_word_character(text[position - 1]);
    const bool after = position < text.size() && is_word_character(text[position]);
    return before != after;
}

}  // namespace

// The instructions that wait for the next character; each at most once.
struct Regex::Threads {
    explicit Threads(std::size_t size) : seen(size, 0) {}

    void clear() {
        waiting.clear();
        ++generation;
    }
    bool enter(std::uint32_t at) {
        if (seen[at] == generation) return false;
        seen[at] = generation;
        return true;
    }

    std::vector<std::uint32_t> waiting, stack;
    std::vector<std::uint32_t> seen;
    std::uint32_t generation = 1;
};

// Follows everything that takes no character; true where a match is reached.
bool Regex::follow(std::uint32_t at, std::string_view text, std::size_t position, Threads& threads) const {
    threads.stack.assign(1, at);
    while (!threads.stack.empty()) {
        const std::uint32_t here = threads.stack.back();
        threads.stack.pop_back();
        if (!threads.enter(here)) continue;
        const Instruction& one = program_[here];
        switch (one.op) {
            case Op::Match: return true;
            case Op::Characters: threads.waiting.push_back(here); break;
            case Op::Split: threads.stack.push_back(one.other); [[fallthrough]];
            case Op::Jump: threads.stack.push_back(one.next); break;
            case Op::Start:
                if (position == 0) threads.stack.push_back(one.next);
                break;
            case Op::End:
                if (position == text.size()) threads.stack.push_back(one.next);
                break;
            case Op::WordEdge:
            case Op::NoWordEdge:
                if (at_word_edge(text, position) == (one.op == Op::WordEdge))
                    threads.stack.push_back(one.next);
                break;
        }
    }
    return false;
}

bool Regex::found_in(std::string_view text) const {
    if (!needed_.empty() && text.find(needed_) == std::string_view::npos) return false;
    Threads now(program_.size());
    Threads next(program_.size());
    for (std::size_t position = 0;; ++position) {
        if (follow(0, text, position, now)) return true;  // a match may begin at every place
        if (position == text.size()) return false;
        next.clear();
        const auto c = static_cast<unsigned char>(text[position]);
        for (const std::uint32_t at : now.waiting) {
            const Instruction& one = program_[at];
            if (sets_[one.other][c] && follow(one.next, text, position + 1, next)) return true;
        }
        std::swap(now, next);
    }
}

}  // namespace postmortem
