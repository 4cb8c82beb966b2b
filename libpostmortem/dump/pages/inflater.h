// What libdeflate works with. To make one costs more than to inflate a page: keep it.
#pragma once

#include <memory>

#include <libdeflate.h>

#include "base/no_memory.h"

namespace postmortem {

class Inflater {
  public:
    libdeflate_decompressor* context() const { return context_.get(); }

  private:
    struct Free {
        void operator()(libdeflate_decompressor* context) const { libdeflate_free_decompressor(context); }
    };
    std::unique_ptr<libdeflate_decompressor, Free> context_{allocated(libdeflate_alloc_decompressor())};
};

}  // namespace postmortem
