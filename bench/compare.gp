# SPDX-License-Identifier: GPL-2.0-or-later
# The plot of bench/compare: cost and loss as flows grow. Variables: output; folder, with a file
# points-TOOL for each word of tools.
set terminal svg size 960,420 font 'sans-serif,13' background '#ffffff' dynamic
set output output
set multiplot layout 1,2 margins 0.07,0.965,0.33,0.89 spacing 0.085
set logscale x
set xrange [0.7:1.5e6]
set xtics ("1" 1, "1,000" 1e3, "32,000" 32e3, "1 million" 1e6)
set xlabel 'flows'
set grid ytics lc rgb '#dddddd'
set border 3 lc rgb '#666666'
set tics nomirror
array colour[8] = ['#d62728', '#ff9896', '#1f77b4', '#9467bd', '#555555', '#2ca02c', '#bcbd22', '#17becf']
width(tool) = tool[1:7] eq 'flowtop' ? 3.5 : 1.5
file(tool) = folder . '/points-' . tool
set key at screen 0.5,0.02 center bottom vertical maxrows 2 width 2 samplen 2 font ',12'
set logscale y
set title 'CPU seconds a million packets, at an even pace'
plot for [i = 1:words(tools)] file(word(tools, i)) using 1:2 with linespoints pt 7 ps 0.6 \
	lw width(word(tools, i)) lc rgb colour[i] title word(tools, i)
unset key
unset logscale y
set yrange [-2:102]
set title 'not accounted at full speed, %'
plot for [i = 1:words(tools)] file(word(tools, i)) using 1:3 with linespoints pt 7 ps 0.6 \
	lw width(word(tools, i)) lc rgb colour[i] title word(tools, i)
