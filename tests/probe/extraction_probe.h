#pragma once

int extraction_probe(int argc, char** argv);
