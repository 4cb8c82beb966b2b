#include "dump/format/lime.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dump/format/lime_chain.h"
#include "dump/pages/extent_dump.h"

namespace postmortem {
namespace {

// Memory and nothing else: no headers, no notes, no word about the machine.
class BareMemory final : public ExtentDump {
  public:
    explicit BareMemory(std::unique_ptr<ByteSource> source) : ExtentDump(std::move(source), {}) {
        problems_ = source_->origin().problems;
    }

    void add(std::uint64_t paddr, std::uint64_t size, std::uint64_t offset) {
        memory_.add(paddr, size, size, offset);
        ++ranges_;
    }
    void be_unsure(Error why) { memory_.be_unsure(std::move(why)); }
    void name_files(std::vector<std::filesystem::path> files) { info_.files = std::move(files); }
    void finish(const std::string& format) {
        seal(format);
        info_.header = {{"memory ranges", fmt::format("{}", ranges_)}};
    }

    Endian endian() const override { return Endian::Little; }
    std::uint16_t machine() const override { return 0; }
    std::string_view vmcoreinfo() const override { return {}; }

  private:
    std::size_t ranges_ = 0;
};

// Several files, one behind the other.
class JoinedSource final : public ByteSource {
  public:
    JoinedSource(SourceOrigin origin, std::vector<PlainImage> images)
        : ByteSource(std::move(origin)), images_(std::move(images)) {
        for (const PlainImage& image : images_) ends_.push_back(end_of(ends_.size()) + image.bytes->size());
    }

    std::uint64_t end_of(std::size_t files) const { return files == 0 ? 0 : ends_[files - 1]; }
    std::uint64_t size() const override { return ends_.back(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        const std::size_t file = file_at(offset);
        return file < images_.size() ? images_[file].bytes->view(offset - end_of(file), length)
                                     : std::nullopt;
    }
    // Memory of one file is never asked for together with that of another.
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        const std::size_t file = file_at(offset);
        return file < images_.size() ? images_[file].bytes->read(offset - end_of(file), length, scratch)
                                     : std::nullopt;
    }

  private:
    std::size_t file_at(std::uint64_t offset) const {
        return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), offset) - ends_.begin());
    }

    std::vector<PlainImage> images_;
    std::vector<std::uint64_t> ends_;
};

}  // namespace

bool looks_like_lime(Bytes head) {
    return head.size() >= lime_header_size &&
           load<std::uint32_t>(head.data(), Endian::Little) == lime_magic &&
           load<std::uint32_t>(head.data() + 4, Endian::Little) <= 16;
}

Result<std::unique_ptr<DumpFile>> open_lime(std::unique_ptr<ByteSource> source) {
    auto chain = read_lime_chain(*source);
    if (!chain) return fail(chain.error());
    if (chain->ranges.empty())
        return fail(ErrorCode::Corrupt, chain->problems.empty() ? "the LiME file holds no memory"
                                                                : chain->problems.front().message);
    auto memory = std::make_unique<BareMemory>(std::move(source));
    for (const LimeRange& range : chain->ranges) memory->add(range.first, range.size(), range.data_at());
    for (Error& problem : chain->problems) memory->add_problem(std::move(problem));
    if (chain->unsure) memory->be_unsure(std::move(*chain->unsure));
    memory->finish("LiME memory image");
    return memory;
}

std::unique_ptr<DumpFile> join_plain_images(std::vector<PlainImage> images) {
    std::vector<std::filesystem::path> files;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const PlainImage& image : images) {
        files.push_back(image.bytes->origin().file);
        ranges.emplace_back(image.paddr, image.bytes->size());
    }
    SourceOrigin origin{files.front(), {}, {}};
    auto memory =
        std::make_unique<BareMemory>(std::make_unique<JoinedSource>(std::move(origin), std::move(images)));
    std::uint64_t offset = 0;
    for (const auto& [paddr, size] : ranges) {
        memory->add(paddr, size, offset);
        offset += size;
    }
    memory->finish("plain memory image");
    memory->name_files(std::move(files));
    return memory;
}

}  // namespace postmortem
