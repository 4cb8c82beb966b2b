// A directory that a test may fill and that is gone afterwards.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/bytes.h"

namespace postmortem::test {

class TempDir {
  public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();

    const std::filesystem::path& path() const { return path_; }
    /// Writes a file, making its directories, and gives its path.
    std::filesystem::path write(std::string_view name, Bytes content) const;
    std::filesystem::path write(std::string_view name, std::string_view content) const {
        return write(name, as_bytes(content));
    }

  private:
    std::filesystem::path path_;
};

}  // namespace postmortem::test
