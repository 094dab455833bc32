#pragma once

int zoo_probe(int argc, char** argv);
