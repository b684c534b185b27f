#include "server/commands.h"

int main(int argc, char** argv) {
  return jackdaw::server::run_command_line(argc, argv);
}
