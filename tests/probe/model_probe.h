#pragma once

int logits_probe(int argc, char** argv);
int bench_probe(int argc, char** argv);
