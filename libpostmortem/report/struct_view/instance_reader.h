// Reads structs of one type, whole or some of their members, wherever they lie.
#pragma once

#include <memory>

#include <postmortem/struct_view.h>

#include "report/values/member_path.h"
#include "report/values/named_type.h"
#include "report/values/value_maker.h"

namespace postmortem {

class InstanceReader {
  public:
    /// `type` is "task_struct", or "task_struct.pid,comm"; of the kernel, or of a module that brought its
    /// types along. NotFound, InvalidArgument; what was missing of modules' types where the kernel has none
    /// of this name.
    static Result<InstanceReader> open(const Kernel& kernel, const std::string& type,
                                       NamedKind kind = NamedKind::Any);

    /// What lies at the address. An error where not even its first byte can be read, and where what was read
    /// before is as much as one answer may hold.
    Result<StructInstance> read(std::uint64_t address);
    /// Its words instead.
    Result<StructInstance> read_words(std::uint64_t address);
    /// Members that are pointers are followed.
    void follow_pointers() { follows_ = true; }

    const TypeFinder& types() const { return of_module_ ? *of_module_ : kernel_->types(); }
    TypeId type() const { return type_; }
    std::string type_name() const;
    std::uint64_t size() const { return value_size(types(), type_); }
    const std::vector<std::string>& paths() const { return paths_; }
    const std::vector<MemberPathPlace>& places() const { return places_; }
    /// What was missing of all that was read.
    Problems take_problems();

  private:
    explicit InstanceReader(const Kernel& kernel) : kernel_(&kernel), maker_(kernel) {}
    InstanceReader(const Kernel& kernel, std::shared_ptr<const TypeFinder> of_module)
        : kernel_(&kernel), of_module_(std::move(of_module)), maker_(kernel, *of_module_) {}

    static Result<InstanceReader> for_type(const Kernel& kernel, std::string_view name, NamedKind kind);

    Result<void> check_readable(std::uint64_t address) const;
    Result<void> check_budget() const;
    MemberValue member_value(std::size_t index, std::uint64_t address);
    void follow(MemberValue& shown, TypeId pointer);

    const Kernel* kernel_;
    std::shared_ptr<const TypeFinder> of_module_;  ///< whose types they are; none where they are the kernel's
    ValueMaker maker_;
    TypeId type_ = 0;
    std::vector<std::string> paths_;
    std::vector<MemberPathPlace> places_;
    std::size_t words_read_ = 0;
    bool follows_ = false;
    Problems problems_;
};

}  // namespace postmortem
