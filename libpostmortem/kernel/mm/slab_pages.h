// Which slab cache a piece of memory belongs to: by the page that it lies in (virt_to_slab() in mm/slab.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "kernel/mm/page_structs.h"
#include "object/field.h"

namespace postmortem {

/// Thread-safe. Borrows the kernel.
class SlabPages {
  public:
    static Result<SlabPages> open(const Kernel& kernel);

    /// The name of the cache whose slab holds `address`; empty where none does. Errors: the memory's own.
    Result<std::string> cache_of(std::uint64_t address) const;

  private:
    SlabPages(const Kernel& kernel, PageStructs pages) : kernel_(kernel), pages_(std::move(pages)) {}
    /// 0 where there is none.
    Result<std::uint64_t> kmem_cache_of(std::uint64_t address) const;
    Result<std::string> name_of(std::uint64_t cache) const;

    struct Names {
        std::mutex lock;
        std::map<std::uint64_t, Result<std::string>> by_cache;
    };

    const Kernel& kernel_;
    PageStructs pages_;
    Field cache_, name_;
    std::unique_ptr<Names> names_ = std::make_unique<Names>();
};

}  // namespace postmortem
