// Reads structs of one type, whole or some of their members, wherever they lie.
#pragma once

#include <postmortem/struct_view.h>

#include "report/values/member_path.h"
#include "report/values/named_type.h"
#include "report/values/value_maker.h"

namespace postmortem {

class InstanceReader {
  public:
    /// `type` is "task_struct", or "task_struct.pid,comm". NotFound, InvalidArgument.
    static Result<InstanceReader> open(const Kernel& kernel, const std::string& type,
                                       NamedKind kind = NamedKind::Any);

    /// What lies at the address. An error where not even its first byte can be read, and where what was read before is
    /// as much as one answer may hold.
    Result<StructInstance> read(std::uint64_t address);
    /// Its words instead.
    Result<StructInstance> read_words(std::uint64_t address);
    /// Members that are pointers are followed.
    void follow_pointers() { follows_ = true; }

    TypeId type() const { return type_; }
    std::string type_name() const;
    std::uint64_t size() const { return value_size(kernel_->types(), type_); }
    const std::vector<std::string>& paths() const { return paths_; }
    const std::vector<MemberPathPlace>& places() const { return places_; }
    /// What was missing of all that was read.
    Problems take_problems();

  private:
    explicit InstanceReader(const Kernel& kernel) : kernel_(&kernel), maker_(kernel) {}

    Result<void> check_readable(std::uint64_t address) const;
    Result<void> check_budget() const;
    MemberValue member_value(std::size_t index, std::uint64_t address);
    void follow(MemberValue& shown, TypeId pointer);

    const Kernel* kernel_;
    ValueMaker maker_;
    TypeId type_ = 0;
    std::vector<std::string> paths_;
    std::vector<MemberPathPlace> places_;
    std::size_t words_read_ = 0;
    bool follows_ = false;
    Problems problems_;
};

}  // namespace postmortem
