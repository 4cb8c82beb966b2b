// Tells a log from what is no text, by its first lines.
#pragma once

#include <cstddef>
#include <string_view>

namespace postmortem {

class TextSample {
  public:
    void read(std::string_view line);
    /// A file of nothing but zeros is no text either, nor is the first word of a dump.
    bool is_text() const;
    /// A kernel holds whatever it may ever print, as formats: none of that has happened.
    bool is_elf() const { return is_elf_; }

  private:
    std::size_t lines_ = 0, characters_ = 0, unprintable_ = 0;
    bool has_text_ = false, is_elf_ = false;
};

}  // namespace postmortem
