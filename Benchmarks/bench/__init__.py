"""What Benchmarks/run is made of; Benchmarks/README.md says what is measured and why.

    system      the machine: cores, packages, programs in C, the temporary directory
    servers     a running server, and what the kernel says of it
    daemon      the daemon under test, and how it is configured
    peers       the floor programs, nginx, h2o, lighttpd and Caddy on equal terms
    documents   the files that all of them serve
    cases       what is asked of them
    loads       wrk, h2load and our own load generator
    rounds      interleaved rounds of a case, and their medians
    counts      instructions, system calls and allocations of a request
    commits     durable uploads together, one at a time, and without HTTP
    latency     percentiles at a constant rate, undisturbed and not
    beside      what disturbs: slow clients, a durable upload, a cold file
    memory      memory and start; listing: a large directory
    limits      what must hold
    report      tables and raw figures; picture: their SVG
"""
