#pragma once

int augment_probe(int argc, char** argv);
