#include "app/cli.h"

int main(int argc, char** argv) {
  return cairn::app::cli::run({argv + 1, argv + argc});
}
