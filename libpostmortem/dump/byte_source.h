// The bytes of a dump by file offset, so that a format reader need not know whether they lie in one mapped
// file or are scattered over the records of a flattened one.
#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/mapped_file.h"

namespace postmortem {

/// Where the bytes come from, for DumpInfo and DumpFile::problems().
struct SourceOrigin {
    std::filesystem::path file;
    std::string wrapping;  ///< how the file wraps the dump, e.g. "flattened "; empty for a plain one
    std::vector<Error>
        problems;  ///< what is wrong with the file or its wrapping, before any dump header is read
};

class ByteSource {
  public:
    explicit ByteSource(SourceOrigin origin) : origin_(std::move(origin)) {}
    virtual ~ByteSource() = default;

    const SourceOrigin& origin() const { return origin_; }
    void add_problem(Error problem) { origin_.problems.push_back(std::move(problem)); }

    /// One past the last byte that the source can have.
    virtual std::uint64_t size() const = 0;
    /// Whether all of `length` bytes at `offset` lie before size(), though some may be missing.
    bool spans(std::uint64_t offset, std::uint64_t length) const {
        return offset <= size() && length <= size() - offset;
    }

    /// `length` bytes at `offset` where they lie in one piece; they stay valid as long as the source.
    /// Nothing where the file does not have all of them, or has them in several pieces.
    virtual std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const = 0;

    /// `length` bytes at `offset`, in `scratch` (at least `length` bytes) but where the source has them in
    /// memory of its own. Nothing where the file does not have all of them, or the disk does not give them:
    /// bytes of view() may turn out to be unreadable when they are looked at, with a SIGBUS.
    virtual std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                                      MutableBytes scratch) const = 0;

    /// The same of what is looked at for each page, such as bitmaps: in place where view() gives them, which
    /// takes no system call.
    std::optional<Bytes> peek(std::uint64_t offset, std::uint64_t length, MutableBytes scratch) const {
        if (const auto in_place = view(offset, length)) return in_place;
        return read(offset, length, scratch);
    }

    /// How many of `length` bytes at `offset` there are, from the first on without a gap.
    virtual std::uint64_t count_there(std::uint64_t offset, std::uint64_t length) const {
        return std::min(length, size() - std::min(size(), offset));
    }

    /// As many of them as there are from `offset` on without a gap: headers that something is missing behind
    /// tell what they tell.
    Bytes read_what_is_there(std::uint64_t offset, std::uint64_t length, MutableBytes scratch) const;

    /// For a walk that takes a few bytes here and there all through the file: like read(), always into `out`,
    /// and without making the system read ahead or map what lies around. False where the file does not have
    /// them all.
    virtual bool skim(std::uint64_t offset, MutableBytes out) const {
        const auto bytes = read(offset, out.size(), out);
        if (bytes && !bytes->empty() && bytes->data() != out.data())
            std::memcpy(out.data(), bytes->data(), bytes->size());
        return bytes.has_value();
    }
    /// To be called before and after such a walk.
    virtual void expect_skimming(bool) const {}

    /// All bytes from `offset` up to there are zero and take no room in the file; `offset` itself where that
    /// is not known.
    virtual std::uint64_t end_of_hole(std::uint64_t offset) const { return offset; }

  private:
    SourceOrigin origin_;
};

/// A plain file.
class MappedSource final : public ByteSource {
  public:
    explicit MappedSource(MappedFile file, std::vector<Error> problems = {})
        : ByteSource({file.path(), {}, std::move(problems)}), file_(std::move(file)) {}

    std::uint64_t size() const override { return file_.bytes().size(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        return ByteReader(file_.bytes()).slice(offset, length);
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (length > scratch.size() || !file_.read_on(offset, scratch.first(length))) return std::nullopt;
        return scratch.first(length);
    }
    bool skim(std::uint64_t offset, MutableBytes out) const override { return file_.copy_at(offset, out); }
    void expect_skimming(bool skimming) const override { file_.expect_skipping(skimming); }
    std::uint64_t end_of_hole(std::uint64_t offset) const override { return file_.end_of_hole(offset); }

  private:
    MappedFile file_;
};

/// Whether nothing but zeros follow from `offset` on, as where a file was padded to whole blocks (`dd
/// conv=sync`) or copied off a partition. Not for 2^n bytes, which a wrong bit in a size leaves over; nor for
/// more than it is cheap to look at.
bool is_padded_from(const ByteSource& source, std::uint64_t offset);

/// Why read() gave nothing of bytes that say something of the page at `paddr`, such as "its data":
/// PageMissing.
Error lost_bytes(const ByteSource& source, std::uint64_t offset, std::uint64_t length, std::string_view what,
                 std::uint64_t paddr);

/// No header, note area or program header table of a real dump is larger; what claims to be is not believed.
constexpr std::uint64_t max_kept_bytes = 64u << 20;

/// Bytes that are wanted as long as the source lives: in place where they lie in one piece, else copied to
/// `storage`. Nothing where the file does not have all of them, or for more than max_kept_bytes.
std::optional<Bytes> read_kept(const ByteSource& source, std::uint64_t offset, std::uint64_t length,
                               std::vector<std::byte>& storage);

}  // namespace postmortem
