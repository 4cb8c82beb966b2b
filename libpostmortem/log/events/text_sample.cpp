#include "log/events/text_sample.h"

#include <algorithm>

namespace postmortem {

void TextSample::read(std::string_view line) {
    constexpr std::size_t most_lines = 2000, most_of_a_line = 2048;
    is_elf_ = is_elf_ || (lines_ == 0 && line.starts_with("\x7f"
                                                          "ELF"));
    has_text_ = has_text_ || !line.empty();
    if (++lines_ > most_lines) return;
    line = line.substr(0, most_of_a_line);
    characters_ += line.size();
    unprintable_ += static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r';
    }));
}

bool TextSample::is_text() const {
    const bool all_zeros = !has_text_ && lines_ > 0;
    return !all_zeros && !is_elf_ && unprintable_ * 20 <= characters_;
}

}  // namespace postmortem
