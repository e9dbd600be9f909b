"""The commands of Magenta's Melody RNN under their own names, with their own flags."""
