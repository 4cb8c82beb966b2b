// What the formats have in common whose pages lie in the file as they lay in memory, in stretches.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dump/dump_file.h"
#include "dump/pages/extent_pages.h"

namespace postmortem {

class ExtentDump : public DumpFile {
  public:
    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return memory_.page_size(); }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }
    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }
    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        return memory_.page(paddr, scratch);
    }
    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        return memory_.next_frame(pfn);
    }
    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        memory_.existing_frames(first_pfn, bits);
    }
    void each_promised_run(const FrameRunVisitor& visit) const override { memory_.each_promised_run(visit); }
    void each_existing_run(const FrameRunVisitor& visit) const override { memory_.each_existing_run(visit); }
    void each_lost_run(const FrameRunVisitor& visit) const override { memory_.each_lost_run(visit); }
    TablesFinding check_tables() const override {
        TablesFinding finding;
        finding.promised_certain = finding.existing_certain = !memory_.is_unsure();
        return finding;
    }

  protected:
    ExtentDump(std::unique_ptr<ByteSource> source, std::vector<Error> problems)
        : source_(std::move(source)), memory_(*source_), problems_(std::move(problems)) {}

    /// To be called when all stretches are added.
    void seal(const std::string& format) {
        memory_.seal();
        if (memory_.cut_off_bytes() != 0) problems_.push_back(memory_.cut_off_problem());
        if (memory_.beyond_bytes() != 0) problems_.push_back(memory_.beyond_problem());
        info_.file = source_->origin().file;
        info_.files = {info_.file};
        info_.format = source_->origin().wrapping + format;
        info_.max_pfn = memory_.end_pfn();
    }

    std::unique_ptr<ByteSource> source_;
    ExtentPages memory_;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

}  // namespace postmortem
