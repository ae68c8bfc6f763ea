"""What can be measured in a crop, the words for it, and the table of facts that ties the two together.

`colours` names colours, `places` names parts of the frame, `measure` takes the figures of a crop, `facts` is the
table (words and support of each fact), `grammar` reads a sentence back into a claim.
"""
